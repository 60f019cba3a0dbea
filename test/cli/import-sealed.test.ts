// Imports into sealed logs: people get random names, what names them stands nowhere in the clear, no id confirms a guess.
import fc from 'fast-check'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { searchFiles } from '../../src/cli/demo/search.js'
import { derivedId } from '../../src/cli/import/derived-id.js'
import { fits, Names, withStandIns, type Natural } from '../../src/cli/import/pseudonyms.js'
import { open, openKeyStore, type RecordedEvent } from '../../src/index.js'
import { errorOf, jsonLines, perdure, runInProcess, SLOW, temporaryFolder, type Ran, type RunOptions } from './run.js'

interface Home {
  readonly log: string
  readonly keys: string
  /** The real command line, in the folder of the log. */
  readonly run: (args: readonly string[], options?: RunOptions) => Promise<Ran>
  /** The same within this process. */
  readonly runHere: (...args: string[]) => Promise<Ran>
  readonly write: (name: string, text: string) => string
  readonly events: () => Promise<RecordedEvent[]>
  /** How many names the key store has. */
  readonly names: () => Promise<number>
}

async function home(options: { readonly sealed: boolean } = { sealed: true }): Promise<Home> {
  const folder = temporaryFolder()
  const [log, keys] = [join(folder, 'log'), join(folder, 'log.keys')]
  const [store, keyStore] = [`file:${log}`, `file:${keys}`]
  await (await open(store, { create: true, ...(options.sealed && { keys: keyStore }) })).close()
  return {
    log,
    keys,
    run: (args, more) => perdure(args, { cwd: folder, ...more, env: { PERDURE_STORE: store } }),
    runHere: (...args) => runInProcess([...args, '--store', store, '--json']),
    write: (name, text) => {
      writeFileSync(join(folder, name), text)
      return join(folder, name)
    },
    events: async () => {
      const opened = await open(store)
      const events: RecordedEvent[] = []
      for await (const event of opened.read()) if (!event.stream.startsWith('$')) events.push(event)
      await opened.close()
      return events
    },
    names: async () => {
      const opened = openKeyStore(keyStore, { readOnly: true })
      const page = await opened.list('pseudonym/', { after: '', limit: 1000 })
      await opened.close()
      return page.length
    },
  }
}

const ANN = 'ann.lee@example.org'
const BOB = 'bob.ray@example.org'
const VISITS = `no,email,doctor,note
100001,${ANN},dr.crane@example.org,feels unwell
100002,${BOB},dr.crane@example.org,is quite well
100003,${ANN},dr.adams@example.org,feels better
100004,,dr.adams@example.org,nobody came
`
const PERSONAL = [ANN, BOB, 'dr.crane@example.org', 'dr.adams@example.org', 'feels unwell', 'is quite well', '100001']
const MAPPED = ['--type', 'visited', '--stream', 'patient-{email}', '--stream', 'nobody', '--id', '{no}']
const TAGGED = ['--tag', 'patient:{email}', '--tag', 'doctor:{doctor}']
const NAMED = ['--pseudonym', 'patient=email', '--pseudonym', 'doctor=doctor']
const IMPORT = ['import', 'csv', 'visits.csv', ...MAPPED, ...TAGGED]

const NAME = '[2-9b-df-hj-np-tv-z]{16}'

test(
  'import csv --pseudonym: nobody stands in the clear; who was forgotten is known again and gets no new name',
  SLOW,
  async () => {
    const { log, keys, run, write, events, names } = await home()
    write('visits.csv', VISITS)
    const imported = async (): Promise<Record<string, unknown> | undefined> =>
      jsonLines((await run([...IMPORT, ...NAMED, '--json'])).out)[0]
    expect(await imported()).toMatchObject({ events: 4, newEvents: 4 })
    expect(searchFiles([log, keys], PERSONAL).found).toEqual([])
    const [first, second, third, fourth] = await events()
    expect(first?.data).toEqual({ no: '100001', email: ANN, doctor: 'dr.crane@example.org', note: 'feels unwell' })
    expect(first?.subject).toMatch(new RegExp(`^patient:${NAME}$`))
    expect(first?.stream).toBe(first?.subject?.replace(':', '-'))
    expect(first?.tags).toEqual([first?.subject, expect.stringMatching(new RegExp(`^doctor:${NAME}$`))])
    expect(third?.subject).toBe(first?.subject)
    expect(second?.subject).not.toBe(first?.subject)
    expect(second?.tags[1]).toBe(first?.tags[1])
    // Where there is no patient the next one is the subject.
    expect(fourth).toMatchObject({ stream: 'nobody', subject: third?.tags[1], tags: [third?.tags[1]] })
    expect(await imported()).toMatchObject({ newEvents: 0, known: 4 })
    expect(await names()).toBe(4)

    const ann = (await run(['subjects', 'pseudonym', 'patient', '-'], { input: ANN })).out.trim()
    expect(ann).toBe(first?.subject)
    await run(['shred', ann, '--reason', 'asked', '--yes'])
    expect(await names()).toBe(3)
    expect(await imported()).toMatchObject({ newEvents: 0, known: 4 })
    expect(await names()).toBe(3)
    expect((await run(['read', '--json'])).out).not.toContain(ANN)

    // What is new about her goes under a new name.
    write('visits.csv', `${VISITS}100005,${ANN},dr.adams@example.org,has come again\n`)
    expect(await imported()).toMatchObject({ newEvents: 1, known: 4 })
    const last = (await events()).at(-1)
    expect(last?.subject).not.toBe(ann)
    expect(last?.data).toMatchObject({ email: ANN })
    expect(searchFiles([log, keys], PERSONAL).found).toEqual([])
  },
)

test('import csv: without keys the same file stands in the clear, and --pseudonym is refused', SLOW, async () => {
  const { log, run, write, events } = await home({ sealed: false })
  write('visits.csv', VISITS)
  const refused = await run([...IMPORT, ...NAMED, '--json'])
  expect(refused.code).toBe(1)
  expect(errorOf(refused)).toMatchObject({ code: 'unsupported', written: 'no' })
  expect(errorOf(refused).hint).toContain('init --keys')
  expect(await events()).toEqual([])
  expect((await run(IMPORT)).code).toBe(0)
  expect(searchFiles([log], PERSONAL).found).not.toEqual([])
})

test('import: in a sealed log no id can be computed without the keys, and the next run finds the same ids', async () => {
  const plain = (no: string): string => derivedId(['visits.csv', 'id', no])
  const idsIn = async (sealed: boolean): Promise<string[]> => {
    const { runHere, write, events } = await home({ sealed })
    const path = write('visits.csv', VISITS)
    await runHere('import', 'csv', path, ...MAPPED)
    const ids = (await events()).map(({ id }) => id)
    expect(jsonLines((await runHere('import', 'csv', path, ...MAPPED)).out)).toMatchObject([{ newEvents: 0 }])
    return ids
  }
  const guesses = ['100001', '100002', '100003', '100004'].map(plain)
  expect(await idsIn(false)).toEqual(guesses)
  const [one, other] = [await idsIn(true), await idsIn(true)]
  for (const ids of [one, other]) expect(ids.filter((id) => guesses.includes(id))).toEqual([])
  expect(one.filter((id) => other.includes(id))).toEqual([])
})

test('import csv: in a sealed log the rows of a file have ids that its name and their numbers do not tell', async () => {
  const { runHere, write, events } = await home()
  const path = write('rows.csv', 'a\nx\ny\n')
  await runHere('import', 'csv', path, '--type', 't', '--stream', 's')
  const ids = (await events()).map(({ id }) => id)
  expect(ids).toHaveLength(2)
  expect(ids).not.toContain(derivedId(['rows.csv', 'csv', 1]))
})

test('import csv --pseudonym: a part imported before is completed, under the same names', async () => {
  const { runHere, write, events } = await home()
  const lines = VISITS.trimEnd().split('\n')
  const path = write('visits.csv', lines.slice(0, 3).join('\n'))
  await runHere('import', 'csv', path, ...MAPPED, ...TAGGED, ...NAMED)
  write('visits.csv', VISITS)
  const ran = await runHere('import', 'csv', path, ...MAPPED, ...TAGGED, ...NAMED)
  expect(jsonLines(ran.out)).toMatchObject([{ newEvents: 2, known: 2 }])
  const subjects = (await events()).map(({ subject }) => subject)
  expect(subjects[2]).toBe(subjects[0])
})

test('import csv --pseudonym: what is recorded already in another form is an error, whoever it names', async () => {
  const { runHere, write } = await home()
  const path = write('visits.csv', VISITS)
  await runHere('import', 'csv', path, ...MAPPED, ...TAGGED, ...NAMED)
  const otherwise = [
    [...MAPPED, ...NAMED],
    ['--type', 'visited', '--stream', 'p-{email}', '--stream', 'nobody', '--id', '{no}', ...TAGGED, ...NAMED],
    [...MAPPED, ...TAGGED, ...NAMED.slice(2), ...NAMED.slice(0, 2)],
  ]
  for (const args of otherwise) {
    expect(errorOf(await runHere('import', 'csv', path, ...args)), args.join(' ')).toMatchObject({
      code: 'import-invalid',
      facts: { row: 1, recorded: 0 },
    })
  }
})

test('import csv --pseudonym: a list names several people, of whom --subject says whose the event is', async () => {
  const { log, runHere, write, events } = await home()
  const path = write('calls.csv', `from,to\n${ANN},"['${BOB}','cid@example.org']"\n`)
  const mapped = ['--type', 'called', '--stream', 'calls', '--tag', 'person:{from}', '--tag', 'person:{to}']
  const named = ['--pseudonym', 'person=to', '--pseudonym', 'person=from', '--list', 'to']
  const ambiguous = errorOf(await runHere('import', 'csv', path, ...mapped, ...named))
  expect(ambiguous).toMatchObject({ code: 'import-invalid', facts: { row: 1, column: 'to' } })
  expect(ambiguous.hint).toContain('give first a --pseudonym')
  await runHere('import', 'csv', path, ...mapped, ...named, '--subject', 'person:{from}')
  const [event] = await events()
  expect(event?.tags).toHaveLength(3)
  expect(event?.subject).toBe(event?.tags[0])
  expect(searchFiles([log], [ANN, BOB, 'cid@example.org']).found).toEqual([])
})

test('import csv --pseudonym --dry-run: shows names, and keeps none', async () => {
  const { runHere, write, events, names } = await home()
  const path = write('visits.csv', VISITS)
  const ran = await runHere('import', 'csv', path, ...MAPPED, ...TAGGED, ...NAMED, '--dry-run')
  const [first, , third] = jsonLines(ran.out)
  expect(first?.['subject']).toMatch(new RegExp(`^patient:${NAME}$`))
  expect(third?.['subject']).toBe(first?.['subject'])
  expect(await events()).toEqual([])
  expect(await names()).toBe(0)
})

test('import csv --pseudonym: wrong options end with 2, and a column that is missing or holds too much has its place', async () => {
  const { runHere, write, events } = await home()
  const path = write('rows.csv', `a,b\n${'x'.repeat(5000)},y\n`)
  const mapped = ['--type', 't', '--stream', 's']
  for (const wrong of [['email'], ['=a'], ['k:v=a'], ['k='], ['k=a', '--pseudonym', 'j=a']]) {
    expect((await runHere('import', 'csv', path, ...mapped, '--pseudonym', ...wrong)).code, wrong.join(' ')).toBe(2)
  }
  const missing = errorOf(await runHere('import', 'csv', path, ...mapped, '--pseudonym', 'k=c'))
  expect(missing).toMatchObject({ code: 'import-invalid', facts: { line: 1, column: 'c' } })
  const large = errorOf(await runHere('import', 'csv', path, ...mapped, '--pseudonym', 'k=a'))
  expect(large).toMatchObject({ code: 'import-invalid', facts: { row: 1, recorded: 0 } })
  expect(await events()).toEqual([])
})

test('import ndjson --pseudonym: a member is the same whichever pointer looks at it', async () => {
  const { log, runHere, write, events } = await home()
  const line = { who: { email: ANN }, others: [BOB], phone: 612345678, kind: 'met' }
  const path = write('lines.ndjson', JSON.stringify(line) + '\n')
  const args = ['import', 'ndjson', path, '--type', '{kind}', '--stream', '{/others/0}', '--tag', 'person:{/who/email}']
  const named = ['--pseudonym', 'person=/who/email', '--pseudonym', 'person=/others', '--pseudonym', 'phone=phone']
  await runHere(...args, '--tag', 'phone:{/phone}', '--tag', 'all:{others}', ...named)
  const [event] = await events()
  expect(event?.data).toEqual(line)
  expect(event?.stream).toMatch(new RegExp(`^${NAME}$`))
  expect(event?.tags).toEqual([
    expect.stringMatching(new RegExp(`^person:${NAME}$`)),
    expect.stringMatching(new RegExp(`^phone:${NAME}$`)),
    `all:${event?.stream}`,
  ])
  expect(event?.subject).toBe(event?.tags[0])
  expect(searchFiles([log], [ANN, BOB, '612345678']).found).toEqual([])
  const unmapped = await runHere('import', 'ndjson', path, '--pseudonym', 'person=email')
  expect(unmapped.code).toBe(2)
})

test('import cloudevents --pseudonym: the attribute has a name in the stream, the tags and meta; the data keeps it', async () => {
  const { log, runHere, write, events } = await home()
  const cloudEvent = {
    specversion: '1.0',
    id: '1',
    source: '/clinic',
    type: 'visited',
    subject: ANN,
    data: { of: ANN },
  }
  const path = write('events.json', JSON.stringify([cloudEvent, { ...cloudEvent, id: '2' }]))
  const args = ['import', 'cloudevents', path, '--tag', 'patient:{/data/of}']
  const named = ['--pseudonym', 'patient=subject', '--pseudonym', 'patient=/data/of']
  expect(jsonLines((await runHere(...args, ...named)).out)).toMatchObject([{ newEvents: 2 }])
  const [event, other] = await events()
  const name = event?.subject?.slice('patient:'.length)
  expect(event).toMatchObject({
    type: 'visited',
    stream: `/clinic#${name}`,
    tags: [`patient:${name}`],
    data: { of: ANN },
    meta: { cloudevents: { source: '/clinic', id: '1', subject: name } },
  })
  expect(other?.subject).toBe(event?.subject)
  expect(event?.id).not.toBe(derivedId(['cloudevents', '/clinic', '1']))
  expect(searchFiles([log], [ANN]).found).toEqual([])
  expect(jsonLines((await runHere(...args, ...named)).out)).toMatchObject([{ newEvents: 0, known: 2 }])
})

test('Names: a person is asked for once, however many events there are', async () => {
  const asked: string[] = []
  const pseudonym = async (kind: string, natural: string): Promise<string> => {
    asked.push(natural)
    return await Promise.resolve(`${kind}:${'x'.repeat(15)}${natural}`)
  }
  const names = new Names({ pseudonym })
  const place = { path: 'p' }
  for (let i = 0; i < 1000; i++) {
    const key = String(i % 7)
    const item = withStandIns((nameOf) => {
      const subject = `person:${nameOf({ kind: 'person', key })}`
      return { stream: subject, event: { id: String(i), type: 't', data: null, subject } }
    })
    const { stream } = await names.write({ ...item, place, derivedFrom: 'row', sizeBytes: 1 })
    expect(stream).toBe(`person:${'x'.repeat(15)}${key}`)
  }
  expect(asked).toEqual(['0', '1', '2', '3', '4', '5', '6'])
})

test('fits: what is recorded is the text with names in the place of its stand-ins, and nothing else is', () => {
  const name = fc.stringMatching(new RegExp(`^${NAME}$`))
  const plain = fc.stringMatching(/^[a-z:-]{0,6}$/)
  const parts = fc.array(fc.oneof(plain, fc.constant(undefined)), { maxLength: 4 })
  fc.assert(
    fc.property(parts, fc.infiniteStream(name), plain, (texts, names, other) => {
      const fill = (nameOf: (natural: Natural) => string): string =>
        texts.map((text) => text ?? nameOf({ kind: 'k', key: 'a' })).join('')
      const { stream } = withStandIns((nameOf) => ({ stream: fill(nameOf), event: { id: '1', type: 't', data: null } }))
      const recorded = fill(() => names.next().value as string)
      expect(fits(stream, recorded)).toBe(true)
      if (other !== '') expect(fits(stream, recorded + other)).toBe(false)
      const [start] = texts
      if (start !== undefined && start !== '') expect(fits(stream, `~${recorded.slice(1)}`)).toBe(false)
    }),
  )
})
