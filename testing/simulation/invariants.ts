/** What must hold after every recovery, by number; and the error that says which did not. */

export const INVARIANTS = {
  I0: 'every answer to an append is the one the model gives',
  I1: 'what was acknowledged or answered is all there, once, in order, byte for byte',
  I2: 'the rest is a whole group whose outcome was unknown',
  I3: 'nothing else is there',
  I4: 'positions and revisions are dense',
  I5: 'the root is that of an independent computation',
  I6: 'ids, streams, tags and times agree with the log',
  I7: 'damage at or below the head is refused, never answered; nothing else is refused; a refusal changes nothing',
  I8: 'bytes are cut only above the head, are kept aside, and are reported',
  I9: 'after a failed sync nothing is acknowledged until the log is reopened',
  I12: 'once faults stop, opening and appending succeed',
  I13: 'current values are those acknowledged last, with their revisions, or those of the whole group after them',
  I14: 'a snapshot is what was put, or not there; once damaged, it is called malformed',
} as const

export type Invariant = keyof typeof INVARIANTS

export class Violation extends Error {
  override readonly name = 'Violation'

  constructor(
    readonly invariant: Invariant,
    detail: string,
    options?: ErrorOptions,
  ) {
    super(`${invariant} (${INVARIANTS[invariant]}): ${detail}`, options)
  }
}

export function assertHolds(invariant: Invariant, holds: boolean, detail: () => string): void {
  if (!holds) throw new Violation(invariant, detail())
}
