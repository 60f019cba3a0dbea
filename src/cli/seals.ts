/** Opens everything that is sealed in a log, to see whether it is what was sealed. */
import { isPerdureError } from '../errors.js'
import type { RecordedEvent } from '../events.js'
import type { Finding } from '../backends/protocol.js'
import type { Observer } from '../observer.js'

/** How many events; each counts once. */
export interface Seals {
  readonly opened: number
  /** Of which at least a part was forgotten. */
  readonly shredded: number
  /** Of which at least a part could not be looked at. */
  readonly unavailable: number
  readonly findings: readonly Finding[]
}

const FINDINGS_MAX = 100

/** Of a log whose lines are intact. @throws PerdureError as `read`, but for what was tampered with */
export async function openSeals(log: Observer): Promise<Seals> {
  const counts: Counts = { opened: 0, shredded: 0, unavailable: 0 }
  const findings: Finding[] = []
  const head = await log.head()
  let after = 0
  let upTo = head
  while (after < head && findings.length < FINDINGS_MAX) {
    try {
      for await (const event of log.read({ after, upTo, raw: true, enrichments: true })) {
        count(event, counts)
        after = event.position
      }
      // Past what was found broken.
      after = upTo === head ? head : upTo + 1
      upTo = head
    } catch (error) {
      if (!isPerdureError(error) || error.code !== 'seal-broken') throw error
      const { code, message, facts } = error
      findings.push({ code, message, facts })
      // What comes before it in its page was not given.
      upTo = (facts.position ?? head + 1) - 1
    }
  }
  return { ...counts, findings }
}

type Counts = { -readonly [Name in keyof Omit<Seals, 'findings'>]: number }

function count({ unreadable, stream }: RecordedEvent, counts: Counts): void {
  if (stream.startsWith('$')) return
  if (unreadable === undefined) counts.opened++
  else if (unreadable.some(({ why }) => why === 'shredded')) counts.shredded++
  else counts.unavailable++
}
