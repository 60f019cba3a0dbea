// Imports of NDJSON and CloudEvents: what becomes of each part, and what is refused where.
import fc from 'fast-check'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readJsonObjects } from '../../src/cli/import/json-values.js'
import { parseList } from '../../src/cli/import/lists.js'
import { checkedUtf8 } from '../../src/cli/import/source.js'
import { open, type RecordedEvent } from '../../src/index.js'
import { errorOf, jsonLines, runInProcess, temporaryFolder, type Ran } from './run.js'

interface SetUp {
  readonly run: (content: unknown, ...args: string[]) => Promise<Ran>
  readonly events: () => Promise<RecordedEvent[]>
}

async function setUp(format: 'ndjson' | 'cloudevents'): Promise<SetUp> {
  const folder = temporaryFolder()
  const store = `file:${join(folder, 'log')}`
  await (await open(store, { create: true })).close()
  return {
    run: async (content, ...args) => {
      const path = join(folder, 'events.json')
      const isRaw = typeof content === 'string' || content instanceof Uint8Array
      writeFileSync(path, isRaw ? content : JSON.stringify(content))
      return await runInProcess(['import', format, path, ...args, '--store', store, '--json'])
    },
    events: async () => {
      const log = await open(store)
      const events: RecordedEvent[] = []
      for await (const event of log.read()) events.push(event)
      await log.close()
      return events
    },
  }
}

const lines = (...objects: unknown[]): string => objects.map((object) => JSON.stringify(object) + '\n').join('')

test('import ndjson: events keep what they have, and those of another log get new places', async () => {
  const { run, events } = await setUp('ndjson')
  const text = lines(
    {
      stream: 'a',
      type: 't',
      data: { n: 1 },
      tags: ['k:v'],
      occurred: '2024-05-01T00:00:00Z',
      meta: { x: 1 },
      id: 'i1',
    },
    { position: 9, commit: [9, 1], revision: 4, time: '2024-05-01T00:00:00.000Z', stream: 'a', type: 't', data: null },
  )
  expect(jsonLines((await run(text)).out)).toEqual([{ events: 2, newEvents: 2, known: 0, head: 2 }])
  expect(jsonLines((await run(text)).out)).toMatchObject([{ newEvents: 0, known: 2 }])
  expect(await events()).toMatchObject([
    { position: 1, id: 'i1', stream: 'a', tags: ['k:v'], occurred: '2024-05-01T00:00:00Z', meta: { x: 1 } },
    { position: 2, revision: 2, stream: 'a', data: null },
  ])
})

test('import ndjson: what is known by the name of the file is told, and what is known by an id of its own is not', async () => {
  const { run } = await setUp('ndjson')
  const named = { stream: 'a', type: 't', data: 1 }
  const own = { ...named, id: 'an-id-of-its-own' }
  const notesOf = async (...objects: object[]): Promise<unknown> =>
    jsonLines((await run(lines(...objects))).out)[0]?.['notes']
  expect(await notesOf(named, own)).toBe(undefined)
  expect(await notesOf(own)).toBe(undefined)
  expect(await notesOf(named, own)).toEqual([
    expect.stringMatching(
      /^1 of 2 events were recorded before under the name .+ and are taken for the same\..+--name /,
    ),
  ])
  expect(await notesOf({ ...named, data: 2 }, own)).toBe(undefined)
})

test('import ndjson: objects of any form are mapped by member and by pointer', async () => {
  const { run, events } = await setUp('ndjson')
  const object = { kind: 'seen', user: { id: 7 }, tags: ['x', 'y'], at: '2024-05-01T00:00:00Z' }
  const mapped = ['--type', '{kind}', '--stream', 'user-{/user/id}', '--time', '{at}', '--tag', 'tag:{tags}']
  expect(await run(lines(object), ...mapped)).toMatchObject({ code: 0 })
  expect(await events()).toMatchObject([
    { stream: 'user-7', type: 'seen', occurred: object.at, tags: ['tag:x', 'tag:y'], data: object },
  ])
})

test('import ndjson: a wrong line is import-invalid with its number, and nothing is recorded', async () => {
  const good = { stream: 'a', type: 't', data: 1 }
  const cases: [string, Record<string, unknown>][] = [
    ['{"stream":"a",', { line: 2 }],
    ['[1]', { line: 2 }],
    ['{"a":1,"a":2}', { line: 2 }],
    ['{"stream":"a","type":"t","data":0.12345678901234567890}', { line: 2 }],
    [JSON.stringify({ type: 't', data: 1 }), { line: 2, pointer: '/stream' }],
    [JSON.stringify({ ...good, type: '' }), { line: 2, pointer: '/type' }],
    [JSON.stringify({ ...good, other: 1 }), { line: 2, pointer: '/other' }],
    [JSON.stringify({ ...good, tags: ['x'] }), { line: 2, pointer: '/tags/0' }],
    [JSON.stringify({ ...good, stream: '$own' }), { line: 2, pointer: '/stream' }],
  ]
  for (const [line, facts] of cases) {
    const { run, events } = await setUp('ndjson')
    const ran = await run(`${JSON.stringify(good)}\n${line}\n`)
    expect(errorOf(ran), line).toMatchObject({ code: 'import-invalid', facts: { ...facts, recorded: 0 } })
    expect(await events(), line).toEqual([])
  }
})

const EVENT = { specversion: '1.0', id: 'A-1', source: '/orders', type: 'com.example.placed' }

test('import cloudevents: attributes, data and extensions have their places', async () => {
  const { run, events } = await setUp('cloudevents')
  const event = {
    ...EVENT,
    subject: '42',
    time: '2024-05-01T12:00:00.123456Z',
    datacontenttype: 'application/json',
    dataschema: 'https://example.com/placed',
    correlationid: 'c-9',
    retries: 3,
    sampled: true,
    nothing: null,
    data: { order: 42, lines: ['x'] },
  }
  expect(await run(event, '--tag', 'order:{/data/order}', '--tag', 'line:{/data/lines}')).toMatchObject({ code: 0 })
  expect(await events()).toMatchObject([
    {
      stream: '/orders#42',
      type: 'com.example.placed',
      occurred: '2024-05-01T12:00:00.123456Z',
      tags: ['order:42', 'line:x'],
      data: event.data,
      meta: {
        correlation: 'c-9',
        cloudevents: {
          id: 'A-1',
          source: '/orders',
          subject: '42',
          datacontenttype: 'application/json',
          dataschema: 'https://example.com/placed',
          correlationid: 'c-9',
          retries: 3,
          sampled: true,
        },
      },
    },
  ])
})

test('import cloudevents: a batch, one, and one after another; texts, bytes and no data', async () => {
  const { run, events } = await setUp('cloudevents')
  const text = { ...EVENT, id: '1', datacontenttype: 'text/xml', data: '<a/>' }
  const bytes = { ...EVENT, id: '2', data_base64: '3q2+7w==' }
  const none = { ...EVENT, id: '3' }
  await run([text, bytes])
  await run(none)
  const all = await run(`${JSON.stringify(text)}\n${JSON.stringify(bytes, null, 2)}${JSON.stringify(none)}`)
  expect(jsonLines(all.out)).toMatchObject([{ events: 3, newEvents: 0, known: 3 }])
  expect((await events()).map(({ data, stream }) => [stream, data])).toEqual([
    ['/orders', '<a/>'],
    ['/orders', { base64: '3q2+7w==' }],
    ['/orders', null],
  ])
  expect(jsonLines((await run([])).out)).toMatchObject([{ events: 0, newEvents: 0 }])
})

test('import cloudevents: source and id together are the identity; the same with other content is an error', async () => {
  const { run, events } = await setUp('cloudevents')
  await run([EVENT, { ...EVENT, source: '/other' }, EVENT])
  expect(await events()).toHaveLength(2)
  const ran = await run([{ ...EVENT, data: 'changed' }])
  expect(errorOf(ran)).toMatchObject({ code: 'import-invalid', facts: { row: 1, line: 1 } })
})

test('import cloudevents: what is no CloudEvent 1.0 is import-invalid with its place, and nothing is recorded', async () => {
  const without = (name: string): object => Object.fromEntries(Object.entries(EVENT).filter(([key]) => key !== name))
  const cases: [object, string][] = [
    ...['specversion', 'id', 'source', 'type'].map((name): [object, string] => [without(name), `/${name}`]),
    [{ ...EVENT, id: null }, '/id'],
    [{ ...EVENT, id: '' }, '/id'],
    [{ ...EVENT, source: 5 }, '/source'],
    [{ ...EVENT, specversion: '0.3' }, '/specversion'],
    [{ ...EVENT, time: 'noon' }, '/time'],
    [{ ...EVENT, Extension: 'x' }, '/Extension'],
    [{ ...EVENT, extension: { a: 1 } }, '/extension'],
    [{ ...EVENT, extension: 1.5 }, '/extension'],
    [{ ...EVENT, data_base64: 'not base64!' }, '/data_base64'],
    [{ ...EVENT, data_base64: '3q2-7w' }, '/data_base64'],
    [{ ...EVENT, data: 1, data_base64: 'AAAA' }, '/data_base64'],
  ]
  for (const [event, pointer] of cases) {
    const { run, events } = await setUp('cloudevents')
    const ran = await run(`[${JSON.stringify({ ...EVENT, id: 'good' })},\n${JSON.stringify(event)}]`)
    const facts = { row: 2, line: 2, pointer, recorded: 0 }
    expect(errorOf(ran), JSON.stringify(event)).toMatchObject({ code: 'import-invalid', facts })
    expect(await events()).toEqual([])
  }
})

test('import cloudevents: text that is no list of objects is import-invalid with its line', async () => {
  const one = JSON.stringify(EVENT)
  const cases: [string, number][] = [
    ['', 1],
    ['\n\n', 3],
    ['[', 1],
    [`[${one}`, 1],
    [`[${one},]`, 1],
    [`[${one}\n${one}]`, 2],
    [`[1]`, 1],
    [`${one}\n,`, 2],
    [`[${one}]\n[${one}]`, 2],
    [`\n{"a":"}`, 2],
    ['{"a":}', 1],
    ['null', 1],
  ]
  for (const [text, line] of cases) {
    const { run } = await setUp('cloudevents')
    expect(errorOf(await run(text)), text).toMatchObject({ code: 'import-invalid', facts: { line } })
  }
})

/** The bytes in pieces of these sizes, over and over. */
async function* pieces(bytes: Buffer, sizes: readonly number[]): AsyncGenerator<Buffer> {
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = sizes[turn % sizes.length] ?? 1
    yield bytes.subarray(at, at + size)
    at += size
  }
}

const sizes = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 5 })

test('readJsonObjects: gives each object whole, however the text is cut', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.dictionary(fc.string(), fc.jsonValue())),
      fc.boolean(),
      sizes,
      async (all, list, cut) => {
        const texts = all.map((object) => JSON.stringify(object, null, 1))
        const text = list ? `[${texts.join(' ,\n')}]` : texts.join('\n') + '\n'
        const read = async (): Promise<string[]> => {
          const found: string[] = []
          for await (const object of readJsonObjects(pieces(Buffer.from(text), cut), 'f')) found.push(object.text)
          return found
        }
        if (!list && texts.length === 0) await expect(read()).rejects.toMatchObject({ code: 'import-invalid' })
        else expect(await read()).toEqual(texts)
      },
    ),
    { numRuns: 200 },
  )
})

test('checkedUtf8: passes every text on unchanged, however it is cut, and names the first byte that is wrong', async () => {
  const read = async (bytes: Buffer, cut: readonly number[]): Promise<Buffer> => {
    const found: Buffer[] = []
    for await (const chunk of checkedUtf8(pieces(bytes, cut), 'f')) found.push(chunk)
    return Buffer.concat(found)
  }
  // No text holds a zero byte, and none that does is passed on.
  const text = fc.string({ unit: 'binary' }).map((value) => value.toWellFormed().replace(/^\ufeff|\0/g, ''))
  await fc.assert(
    fc.asyncProperty(text, text, sizes, async (before, after, cut) => {
      expect((await read(Buffer.from(before + after), cut)).toString()).toBe(before + after)
      expect((await read(Buffer.from('\ufeff' + before), [3, ...cut])).toString()).toBe(before)
      const good = Buffer.from(before)
      const bad = Buffer.concat([good, Buffer.from([0xff]), Buffer.from(after)])
      await expect(read(bad, cut)).rejects.toMatchObject({ facts: { offset: good.length } })
    }),
    { numRuns: 200 },
  )
})

test('parseList: reads what JSON and Python write, and nothing else', () => {
  fc.assert(
    fc.property(fc.array(fc.string()), (items) => {
      expect(parseList(JSON.stringify(items))).toEqual(items)
    }),
  )
  expect(parseList(JSON.stringify(['\b\f\n\r\t\\b']))).toEqual(['\b\f\n\r\t\\b'])
  expect(parseList(`['a', "it's", 'it\\'s', 12, -3.5]`)).toEqual(['a', "it's", "it's", '12', '-3.5'])
  for (const text of ['', 'a', '[a]', "['a'", "['a' 'b']", '[,]', '{"a":1}', '[[1]]'])
    expect(parseList(text)).toBeUndefined()
})
