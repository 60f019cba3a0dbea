/** What there is to say about the keys of a log, for a person: never a key. */
import type { KeysStatus } from '../index.js'
import { plural, printable } from './text.js'

export function describeKeys({ store, provider, master, made, rotating }: KeysStatus): string[] {
  return [
    `Its keys are in ${printable(store)}: ${plural(made, 'key')} made so far.`,
    `They are wrapped by the master key ${printable(master)}, from ${printable(provider)}.`,
    ...(rotating ? ['A rotation of the master key has not come to its end: perdure keys rotate goes on.'] : []),
  ]
}

/** Of keys that have just been made: also what to keep where. */
export function describeNewKeys(status: KeysStatus): string[] {
  const { store, provider } = status
  return [
    `Made its keys in ${printable(store)}. The master key comes from ${printable(provider)}.`,
    'Back up the folder of the log and the keys apart from each other: who has both can read all of it,',
    'and without the keys nobody can. Keep few backups of the keys, for a short time: an older one still',
    'opens what has been forgotten since.',
  ]
}
