/** All promises, by layer. A title is promised once. */
import type { Promises } from './case.js'
import { agreeingPromises } from './promises/agreeing.js'
import { appendingPromises } from './promises/appending.js'
import { closingPromises } from './promises/closing.js'
import { decidingAgainPromises, decidingPromises } from './promises/deciding.js'
import { evolvingPromises } from './promises/evolving.js'
import { expectingPromises } from './promises/expecting.js'
import { followingPromises } from './promises/following.js'
import { groupingPromises } from './promises/grouping.js'
import { forgettingPromises, keptForgettingPromises } from './promises/privacy-forgetting.js'
import { keptSealingPromises, sealingPromises } from './promises/privacy-sealing.js'
import { guardingPromises } from './promises/guarding.js'
import { keepingValuesPromises, keptValuesPromises } from './promises/keeping-values.js'
import { lessonPromises } from './promises/lessons.js'
import { limitPromises } from './promises/limits.js'
import { listingPromises } from './promises/listing.js'
import { momentPromises } from './promises/moments.js'
import { pagingPromises } from './promises/paging.js'
import { projectingPromises } from './promises/projecting.js'
import { refusingPromises } from './promises/refusing.js'
import { reopeningPromises } from './promises/reopening.js'
import { repeatingPromises } from './promises/repeating.js'
import { roundTripPromises } from './promises/round-trips.js'
import { selectingPromises } from './promises/selecting.js'
import { settlingPromises } from './promises/settling.js'
import { savedPromises, snapshottingPromises } from './promises/snapshotting.js'
import { resumingPromises, subscribingPromises } from './promises/subscribing.js'
import { timePromises } from './promises/times.js'
import { seamAdoptingPromises } from './seam/adopting.js'
import { seamAppendingPromises } from './seam/appending.js'
import { seamFollowingPromises } from './seam/following.js'
import { seamKeepingValuesPromises } from './seam/keeping-values.js'
import { seamReadingPromises } from './seam/reading.js'
import { seamSnapshottingPromises } from './seam/snapshotting.js'

/** Of the methods of a `Backend`. */
export const seamPromises: Promises = {
  ...seamAppendingPromises,
  ...seamReadingPromises,
  ...seamAdoptingPromises,
  ...seamFollowingPromises,
  ...seamKeepingValuesPromises,
  ...seamSnapshottingPromises,
}

/** Of a store over any backend. */
export const storePromises: Promises = {
  ...appendingPromises,
  ...expectingPromises,
  ...guardingPromises,
  ...groupingPromises,
  ...repeatingPromises,
  ...refusingPromises,
  ...limitPromises,
  ...roundTripPromises,
  ...selectingPromises,
  ...pagingPromises,
  ...listingPromises,
  ...timePromises,
  ...evolvingPromises,
  ...projectingPromises,
  ...snapshottingPromises,
  ...decidingPromises,
  ...keepingValuesPromises,
  ...followingPromises,
  ...subscribingPromises,
  ...agreeingPromises,
  ...settlingPromises,
  ...sealingPromises,
  ...forgettingPromises,
  ...closingPromises,
  ...lessonPromises,
}

/** Of a store over a backend that outlives the process. */
export const durablePromises: Promises = {
  ...reopeningPromises,
  ...keptValuesPromises,
  ...savedPromises,
  ...resumingPromises,
  ...keptSealingPromises,
  ...keptForgettingPromises,
}

/** Of a store too, where no call has to be repeated. */
export const callPromises: Promises = { ...momentPromises, ...decidingAgainPromises }
