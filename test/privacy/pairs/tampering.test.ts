/** Pairs 2, 3, 4 and 18: whatever is done to what is sealed, it is refused, and nothing of it is given out. */
import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { defineProjection, type Store } from '../../../src/index.js'
import { introduced, personOf, signedUp } from './people.js'
import { encode, flipped, parse, TamperedLog, withPart, type LineObject, type SealedPart } from './tampering.js'

const [ann, bob, cyd] = [personOf(1), personOf(2), personOf(3)]

/** One subject, two subjects, none; the same content twice, under the same and under other names; two parts, one key. */
const events = [
  ['s1', signedUp(ann, { id: 'i1' })],
  ['s2', signedUp(ann, { id: 'i2' })],
  ['s3', signedUp(bob, { id: 'i3' })],
  ['s4', introduced(ann, bob, { id: 'i4' })],
  ['s5', introduced(ann, bob, { id: 'i5' })],
  ['s6', introduced(bob, cyd, { id: 'i6' })],
  ['s7', { id: 'i7', type: 'noted', data: { text: 'about nobody' } }],
  ['s8', { id: 'i8', type: 'noted', data: { text: 'about nobody' } }],
  ['s9', introduced(cyd, cyd, { id: 'i9' })],
] as const

const begin = (): Promise<TamperedLog> => TamperedLog.begin(events)

const names = defineProjection({
  name: 'names',
  version: 1,
  initial: () => [] as unknown[],
  on: Object.fromEntries(
    ['signed_up', 'introduced', 'noted'].map((type) => [type, (state: unknown[]) => [...state, 1]]),
  ),
})

async function outcomeOf(answer: Promise<unknown>): Promise<unknown> {
  return await answer.then(
    (value) => ({ given: value }),
    (error: unknown) => error,
  )
}

/** The event is refused as broken, and the refusal tells nothing of what is in it. */
async function expectBroken(store: Store, position: number, what: string): Promise<void> {
  const outcome = await outcomeOf(store.event(position))
  expect(outcome, `${what}: ${inspect(outcome)}`).toMatchObject({ code: 'seal-broken', facts: { position } })
  expect(inspect(outcome, { depth: 20 }), what).not.toMatch(/Zoë|mail\.example|Lane|harbour|nobody/)
}

async function readAll(store: Store): Promise<unknown[]> {
  const given: unknown[] = []
  try {
    for await (const event of store.read()) given.push(event)
  } catch (error) {
    expect(error).toMatchObject({ code: 'seal-broken' })
    return given
  }
  throw new Error('it was read to the end')
}

test('pair 2: a tag of 0, 4, 8, 12 or 15 bytes is refused', async () => {
  const log = await begin()
  const { box = '' } = log.line(1).sealed[0] ?? {}
  const bytes = Buffer.from(box, 'base64')
  const encrypted = bytes.subarray(0, -16)
  for (const length of [0, 4, 8, 12, 15]) {
    const tag = bytes.subarray(-16).subarray(0, length)
    for (const forged of [Buffer.concat([encrypted, tag]), tag, Buffer.alloc(length)]) {
      const store = await log.changed(1, (line) => withPart(line, 0, { box: forged.toString('base64') }))
      await expectBroken(store, 1, `a tag of ${length} bytes`)
      await store.close()
    }
  }
})

describe('pair 3: whatever byte is changed, it is refused before anything of it is given out', () => {
  test.each(['box', 'nonce'] as const)('pair 3: each byte of a %s', async (member) => {
    const log = await begin()
    for (const position of [7, 4]) {
      const last = log.line(position).sealed.length - 1
      const text = log.line(position).sealed[last]?.[member] ?? ''
      const length = Buffer.from(text, 'base64').length
      for (let i = 0; i < length; i++) {
        const mask = i % 2 === 0 ? 1 : 128
        const store = await log.changed(position, (line) => withPart(line, last, { [member]: flipped(text, i, mask) }))
        await expectBroken(store, position, `byte ${i} of the ${member}`)
        await store.close()
      }
    }
  })

  test('pair 3: longer, shorter, empty, and otherwise written boxes and nonces', async () => {
    const log = await begin()
    const { box = '', nonce = '' } = log.line(7).sealed[0] ?? {}
    const others = (text: string): string[] => {
      const bytes = Buffer.from(text, 'base64')
      const changed = [
        bytes.subarray(1),
        bytes.subarray(0, -1),
        Buffer.concat([bytes, Buffer.alloc(1)]),
        Buffer.alloc(16),
      ]
      const written = [
        '',
        ` ${text}`,
        `${text}\n`,
        `${text}====`,
        text.slice(0, -1),
        text.replace(/[+/A-Z]/, '*'),
        '🦀',
      ]
      return [...changed.map((one) => one.toString('base64')), ...written].filter((one) => one !== text)
    }
    for (const member of ['box', 'nonce'] as const) {
      for (const other of others(member === 'box' ? box : nonce)) {
        const store = await log.changed(7, (line) => withPart(line, 0, { [member]: other }))
        await expectBroken(store, 7, `${member} ${JSON.stringify(other)}`)
        await store.close()
      }
    }
  })

  test('pair 3: each letter of each name that a seal is bound to', async () => {
    const log = await begin()
    const letters = (text: string): string[] =>
      Array.from(text, (letter, i) => text.slice(0, i) + (letter === 'x' ? 'y' : 'x') + text.slice(i + 1))
    const line = log.line(1)
    const changes: (readonly [string, (line: LineObject) => Readonly<Record<string, unknown>>])[] = []
    for (const member of ['stream', 'id', 'type', 'subject'] as const) {
      for (const other of letters(String(line[member])))
        changes.push([member, (from) => ({ ...from, [member]: other })])
    }
    for (const version of [2, 3, 10]) changes.push(['version', (from) => ({ ...from, version })])
    for (const key of letters(line.sealed[0]?.key ?? '')) changes.push(['key', (from) => withPart(from, 0, { key })])
    for (const at of ['/', '/name', '/x']) changes.push(['at', (from) => withPart(from, 0, { at })])
    for (const [what, change] of changes) {
      const store = await log.changed(1, change)
      await expectBroken(store, 1, what)
      await store.close()
    }
  })

  test('pair 3: one broken part of several gives nothing out, not even by reading what stands before it', async () => {
    const log = await begin()
    const box = log.line(5).sealed[2]?.box ?? ''
    const store = await log.changed(5, (line) => withPart(line, 2, { box: flipped(box, 3, 4) }))
    expect((await readAll(store)).map((event) => (event as { position: number }).position)).not.toContain(5)
    await expect(store.project(names)).rejects.toMatchObject({ code: 'seal-broken' })
    let isAsked = false
    const deciding = store.decide('s5', names, () => {
      isAsked = true
      return []
    })
    await expect(deciding).rejects.toMatchObject({ code: 'seal-broken' })
    expect(isAsked).toBe(false)
    const handled: number[] = []
    const subscription = await store.subscribe('consumer', {}, ({ position }) => void handled.push(position))
    await expect(subscription.done).rejects.toMatchObject({ code: 'seal-broken' })
    expect(handled).not.toContain(5)
    expect(subscription.position).toBeLessThan(5)
    expect(await store.event(4)).toMatchObject({ data: { place: 'the harbour' } })
    const { data, ...others } = events[4][1]
    await expect(store.append('s5', { ...others, data })).rejects.toMatchObject({ code: 'seal-broken' })
  })
})

/** Every sealed block of the log. */
function blocksOf(log: TamperedLog): readonly { readonly position: number; readonly index: number }[] {
  return events.flatMap((_, i) => log.line(i + 1).sealed.map((_, index) => ({ position: i + 1, index })))
}

describe('pair 4: what is sealed opens at its own place and nowhere else', () => {
  test('pair 4: any two sealed blocks, exchanged between events, streams, subjects and pointers', async () => {
    const log = await begin()
    const blocks = blocksOf(log)
    expect(blocks.length).toBe(17)
    for (const [i, one] of blocks.entries()) {
      for (const other of blocks.slice(i + 1)) {
        const [a, b] = [one, other].map(({ position, index }) => log.line(position).sealed[index] as SealedPart)
        const put = (lines: readonly string[], { position, index }: typeof one, part = a): readonly string[] => {
          const line = parse(lines[position - 1] ?? '')
          return lines.with(position - 1, encode(withPart(line, index, { ...part, at: line.sealed[index]?.at ?? '' })))
        }
        const store = await log.reopened(put(put(log.lines, one, b), other, a))
        const what = `${one.position}/${one.index} and ${other.position}/${other.index}`
        await expectBroken(store, one.position, what)
        await expectBroken(store, other.position, what)
        await store.close()
      }
    }
  })

  test('pair 4: parts that are taken out, put in, doubled, or put in another order', async () => {
    const log = await begin()
    const { sealed } = log.line(4)
    const [rest, who, to] = sealed as [SealedPart, SealedPart, SealedPart]
    const clear = { who: { name: 'forged' }, to: ['forged'], place: 'forged' }
    const changes: Readonly<Record<string, object>> = {
      'without the first part': { sealed: [who, to] },
      'without the second': { sealed: [rest, to] },
      'without the last': { sealed: [rest, who] },
      'without any': { sealed: [] },
      'one twice': { sealed: [rest, who, to, to] },
      'another order': { sealed: [rest, to, who] },
      'one more': { sealed: [rest, who, to, { ...to, at: '/place' }] },
      'what is none': { sealed: [rest, who, { at: '/to' }] },
      'no list': { sealed: { 0: rest, 1: who, 2: to } },
      'only the first, and the rest in the clear': { sealed: [rest], subjects: undefined, data: clear },
      'no seals, and data in the clear': { sealed: undefined, data: clear },
      'no seals and no subjects, and data in the clear': { sealed: undefined, subjects: undefined, data: clear },
      'no seals but an empty list, and data in the clear': { sealed: [], data: clear },
      'nobody’s': { subjects: undefined },
      'somebody else’s': { subjects: { '/who': ann.subject, '/to': cyd.subject } },
      'all of one subject': { subjects: undefined, subject: ann.subject },
    }
    for (const [what, change] of Object.entries(changes)) {
      const outcome = await outcomeOf(
        (async () => {
          const store = await log.changed(4, (line) => ({ ...line, ...change }))
          return await store.event(4)
        })(),
      )
      // A line that is none is refused as such.
      expect(['seal-broken', 'log-corrupt'], `${what}: ${inspect(outcome)}`).toContain(
        (outcome as { readonly code?: string }).code,
      )
    }
  })

  test('pair 4: data in the clear beside a seal is not what is read', async () => {
    const log = await begin()
    const store = await log.changed(7, (line) => ({ ...line, data: { text: 'forged' } }))
    expect(inspect(await outcomeOf(store.event(7)))).not.toContain('forged')
  })

  test('pair 4: blocks of another log, and a whole log under another name', async () => {
    const [log, other] = [await begin(), await begin()]
    for (const position of [1, 4, 7]) {
      const store = await log.changed(position, (line) => ({ ...line, sealed: other.line(position).sealed }))
      await expectBroken(store, position, `position ${position} of another log`)
      const mixed = await log.changed(position, (line) => {
        return withPart({ ...line, sealed: other.line(position).sealed }, 0, { key: line.sealed[0]?.key ?? '' })
      })
      await expectBroken(mixed, position, `position ${position} of another log, under a key of this one`)
    }
    const whole = await log.reopened(other.lines)
    for (const [i] of events.entries()) await expectBroken(whole, i + 1, 'a whole log')
  })
})

describe('pair 18: the key of one subject named on what another one’s sealed', () => {
  const keyOf = (log: TamperedLog, position: number): string => log.line(position).sealed[0]?.key ?? ''

  test('pair 18: is tampering, whether that other subject is known or forgotten', async () => {
    const log = await begin()
    const change = (line: LineObject): LineObject => withPart(line, 0, { key: keyOf(log, 3) })
    await expectBroken(await log.changed(1, change), 1, 'bob is known')
    await log.store.subjects.shred(bob.subject, { reason: 'asked' })
    const store = await log.changed(1, change)
    await expectBroken(store, 1, 'bob is forgotten')
    // The control: what is bob's is forgotten, and not broken.
    expect(await store.event(3)).toMatchObject({ data: null, unreadable: [{ path: '', why: 'shredded' }] })
    expect(await store.event(2)).toMatchObject({ data: { name: ann.name } })
  })

  test('pair 18: is tampering in the log’s own part and under the log’s own key', async () => {
    const log = await begin()
    await log.store.subjects.shred(bob.subject, { reason: 'asked' })
    const [logKey, bobKey] = [keyOf(log, 7), keyOf(log, 3)]
    for (const [position, key] of [
      [7, bobKey],
      [4, bobKey],
      [1, logKey],
      [1, 'another-key-0000'],
      [7, 'another-key-0000'],
    ] as const) {
      const store = await log.changed(position, (line) => withPart(line, 0, { key }))
      await expectBroken(store, position, `${key} at ${position}`)
    }
  })
})
