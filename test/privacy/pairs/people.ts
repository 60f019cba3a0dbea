/** People with strings of their own: each is found nowhere else, and is written differently in each form. */
import type { NewEvent } from '../../../src/index.js'

export interface Person {
  readonly subject: string
  readonly name: string
  readonly email: string
  readonly remark: string
}

export function personOf(number: number): Person {
  const mark = (number * 7919 + 104729).toString(36)
  return {
    subject: `person:${number}`,
    name: `Zoë Ångström-${mark}`,
    email: `zoe.${mark}@mail.example`,
    remark: `lives at "${mark}\\Lane"\n№ ${mark}, ☂ 😀${mark}`,
  }
}

export const people = (count: number): Person[] => Array.from({ length: count }, (_, i) => personOf(i + 1))

export const textsOf = ({ name, email, remark }: Person): readonly string[] => [name, email, remark]

/** All of it about one person. */
export function signedUp({ subject, name, email, remark }: Person, more: Partial<NewEvent> = {}): NewEvent {
  return { type: 'signed_up', subject, data: { name, contact: { email }, remark }, ...more }
}

/** About two people, each in a part of their own, with a remainder that is about nobody. */
export function introduced(one: Person, other: Person, more: Partial<NewEvent> = {}): NewEvent {
  const data = { who: { name: one.name, email: one.email }, to: [other.name, other.remark], place: 'the harbour' }
  return { type: 'introduced', subjects: { '/who': one.subject, '/to': other.subject }, data, ...more }
}
