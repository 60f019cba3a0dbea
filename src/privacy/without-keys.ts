/** A sealed log in the hands of somebody who writes without its keys: only Perdure's own events, which are never sealed. */
import { withoutKeys } from '../log/line.js'
import type { SealPort } from '../log/ports.js'
import { keysMissing } from './failures.js'

export const WITHOUT_KEYS: SealPort = {
  subjectOf: () => undefined,
  seal: () => Promise.reject(keysMissing('the log is sealed, and was opened without its keys')),
  refresh: () => Promise.resolve(),
  unseal: withoutKeys,
}
