/** Something of each person in each place beside the log: values, blobs, snapshots, parked entries. */
import { expect } from 'vitest'
import { defineProjection, type Json, type RecordedEvent, type SnapshotReader, type Store } from '../../../src/index.js'
import { people, signedUp, type Person } from './people.js'

export const persons = people(8)
export const [ann, bob] = persons as [Person, Person]

/** What it holds is what it was given. */
export const lastSeen = defineProjection({
  name: 'last-seen',
  version: 1,
  initial: () => ({}),
  on: {
    signed_up: (state: Record<string, Json>, { subject = '', data }: RecordedEvent) => ({ ...state, [subject]: data }),
  },
})

export const valueOf = ({ name, email }: Person): Json => ({ name, lines: [email, { name }] })
export const bytesOf = ({ name, remark }: Person): Uint8Array => Buffer.from(`${remark}|${name}|${'-'.repeat(500)}`)

export interface Written {
  readonly cids: ReadonlyMap<Person, string>
}

/** Something of each person in each place. `isSealed` false: for a log without keys. */
export async function write(store: Store, whom: readonly Person[], isSealed = true): Promise<Written> {
  const cids = new Map<Person, string>()
  for (const person of whom) {
    const whose = isSealed ? { subject: person.subject } : {}
    await store.append(person.subject, signedUp(person, { subject: person.subject }))
    await store.kv.put(`profile/${person.subject}`, { former: person.remark }, whose)
    await store.kv.put(`profile/${person.subject}`, valueOf(person), whose)
    await store.kv.put(`draft/${person.subject}`, valueOf(person), whose)
    await store.kv.delete(`draft/${person.subject}`)
    cids.set(person, (await store.blobs.put(bytesOf(person), whose)).cid)
    await store.snapshots.take(lastSeen, { stream: person.subject })
  }
  await store.snapshots.take(lastSeen)
  const parking = await store.subscribe(
    'mail',
    { types: ['signed_up'] },
    ({ data }) => {
      throw new Error(`no letter box: ${JSON.stringify(data)}`)
    },
    { onError: 'park' },
  )
  await parking.whenAt(whom.length)
  expect((await parking.parked()).length).toBe(whom.length)
  await parking.close()
  return { cids }
}

/** The streams that they are of. */
export async function snapshotsOf(store: { readonly snapshots: SnapshotReader }): Promise<string[]> {
  return (await store.snapshots.list()).map(({ selection }) => selection.stream ?? 'all').sort()
}
