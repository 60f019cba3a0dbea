// What the doctor says of every state a folder can be in; that it changes nothing is checked every time.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createHash } from 'node:crypto'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { expect, onTestFinished, test } from 'vitest'
import { open } from '../../src/index.js'
import { jsonLines, makeLog, makeSegments, perdureHere, ROOT, SLOW, temporaryFolder, type RunOptions } from './run.js'

interface Diagnosis {
  readonly code: number | null
  readonly well: boolean
  readonly problems: readonly string[]
  readonly notes: readonly string[]
}

const NOBODY = 65534

async function diagnose(log: string, options: RunOptions = {}): Promise<Diagnosis> {
  const before = fingerprint(log)
  const { code, out, err } = await perdureHere(['doctor', '--store', `file:${log}`, '--json'], options)
  expect(err).toBe('')
  expect(fingerprint(log)).toEqual(before)
  const [report] = jsonLines<{
    well: boolean
    findings: { level: string; code?: string; message: string; hint?: string }[]
  }>(out)
  const findings = report?.findings ?? []
  for (const { level, hint } of findings) if (level !== 'ok') expect(hint).toBeTruthy()
  return {
    code,
    well: report?.well ?? false,
    problems: findings.filter(({ level }) => level === 'problem').map(({ code: problem }) => problem ?? ''),
    notes: findings.filter(({ level }) => level === 'note').map(({ message }) => message),
  }
}

/** Every file with its contents; nothing if there is no such folder. */
function fingerprint(folder: string): Record<string, string> {
  if (!existsSync(folder) || !statSync(folder).isDirectory()) return {}
  const files: Record<string, string> = {}
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    files[path] = entry.isFile() ? createHash('sha256').update(readFileSync(path)).digest('hex') : 'folder'
  }
  return files
}

async function newLog(events: number): Promise<string> {
  const log = join(temporaryFolder(), 'log')
  await makeLog(
    log,
    Array.from({ length: events }, () => ({ stream: 's', type: 't', data: {} })),
  )
  return log
}

function segmentOf(log: string): string {
  return join(log, 'segments', readdirSync(join(log, 'segments'))[0] as string)
}

test('doctor: nothing is wrong with a log that was closed', SLOW, async () => {
  expect(await diagnose(await newLog(0))).toMatchObject({ code: 0, well: true, problems: [] })
  const log = await newLog(2)
  expect(await diagnose(log)).toMatchObject({ code: 0, well: true, problems: [], notes: [] })
  const { out } = await perdureHere(['doctor', '--store', `file:${log}`])
  expect(out).toMatch(/Nothing is wrong\.\n$/)
})

test('doctor: a missing folder, an empty one, a file, a folder of something else', SLOW, async () => {
  const folder = temporaryFolder()
  expect(await diagnose(join(folder, 'absent'))).toMatchObject({ code: 1, problems: ['store-missing'] })
  mkdirSync(join(folder, 'empty'))
  expect(await diagnose(join(folder, 'empty'))).toMatchObject({ code: 1, problems: ['store-missing'] })
  writeFileSync(join(folder, 'file'), 'x')
  expect(await diagnose(join(folder, 'file'))).toMatchObject({ code: 1, problems: ['store-foreign'] })
  expect(await diagnose(folder)).toMatchObject({ code: 1, problems: ['store-foreign'] })
})

test('doctor: a log that a live process has open', SLOW, async () => {
  const log = await newLog(1)
  const program = `
    import { open } from ${JSON.stringify(join(ROOT, 'dist/src/index.js'))}
    await open(${JSON.stringify('file:' + log)})
    console.log('open')
    setInterval(() => {}, 1000)`
  const holder = spawn(process.execPath, ['--input-type=module', '-e', program])
  await once(holder.stdout, 'data')
  try {
    expect(await diagnose(log)).toMatchObject({ code: 1, problems: ['store-locked'] })
    expect((await perdureHere(['append', 's', '--type', 't', '--store', `file:${log}`])).err).toContain('store-locked')
  } finally {
    holder.kill('SIGKILL')
    await once(holder, 'close')
  }
  expect(await diagnose(log)).toMatchObject({ code: 0, well: true })
})

test('doctor: a missing head; repair makes one when told to, and the log says so', SLOW, async () => {
  const log = await newLog(2)
  rmSync(join(log, 'head'))
  expect(await diagnose(log)).toMatchObject({ code: 5, problems: ['head-missing'] })
  expect((await perdureHere(['read', '--store', `file:${log}`])).code).toBe(5)
  const repaired = await perdureHere(['repair', '--accept-tail', '--store', `file:${log}`, '--json'])
  expect(repaired).toMatchObject({ code: 0, err: '' })
  expect(jsonLines(repaired.out)).toEqual([{ store: `file:${log}`, position: 2, headMade: true }])
  expect(await diagnose(log)).toMatchObject({ code: 0, well: true })
  const events = jsonLines((await perdureHere(['read', '--json', '--store', `file:${log}`])).out)
  expect(events.slice(0, 2).map((event) => event['stream'])).toEqual(['s', 's'])
  expect(events[2]).toMatchObject({ position: 3, stream: '$repair', data: { accepted: 2 } })
  const again = await perdureHere(['repair', '--accept-tail', '--store', `file:${log}`])
  expect(again).toMatchObject({ code: 0, out: expect.stringContaining('nothing to repair') as string })
})

test('doctor: a head of which nothing can be read, and one of a newer format', SLOW, async () => {
  const log = await newLog(1)
  const head = readFileSync(join(log, 'head'))
  writeFileSync(
    join(log, 'head'),
    head.map((byte) => byte ^ 1),
  )
  expect(await diagnose(log)).toMatchObject({ code: 5, problems: ['log-corrupt'] })
  writeFileSync(join(log, 'head'), ofNewerFormat(head.toString('latin1')), 'latin1')
  expect(await diagnose(log)).toMatchObject({ code: 1, problems: ['format-newer'] })
})

/** Both slots as a later version might write them: another number, and a checksum that holds. */
function ofNewerFormat(head: string): string {
  return head.replace(/\{"perdure":1(,[^}]*?),"crc32":\d+\} */g, (slot, middle: string) => {
    const checked = `{"perdure":2${middle}`
    return `${checked},"crc32":${crc32(checked)}}`.padEnd(slot.length)
  })
}

test('doctor: a segment cut short, one with a changed byte, one that is gone', SLOW, async () => {
  const log = await newLog(3)
  const segment = segmentOf(log)
  const whole = readFileSync(segment)
  truncateSync(segment, whole.length - 10)
  expect(await diagnose(log)).toMatchObject({ code: 5, problems: ['log-corrupt'] })
  const changed = Buffer.from(whole)
  changed[whole.length - 20] = (changed[whole.length - 20] as number) ^ 1
  writeFileSync(segment, changed)
  expect(await diagnose(log)).toMatchObject({ code: 5, problems: ['log-corrupt'] })
  rmSync(segment)
  expect(await diagnose(log)).toMatchObject({ code: 5, problems: ['log-corrupt'] })
  writeFileSync(segment, whole)
  expect(await diagnose(log)).toMatchObject({ code: 0, well: true })
})

test(
  'doctor: leftovers of a crash are notes: an unfinished write, a set-aside tail, files being made, no index',
  SLOW,
  async () => {
    const log = await newLog(2)
    rmSync(join(log, 'index'), { recursive: true, force: true })
    writeFileSync(segmentOf(log), Buffer.concat([readFileSync(segmentOf(log)), Buffer.from('{"mark":')]))
    writeFileSync(join(log, 'segments/0000000000000003.ndjson.new'), '')
    writeFileSync(join(log, 'stray.txt'), '')
    const crashed = await diagnose(log)
    expect(crashed).toMatchObject({ code: 0, well: true, problems: [] })
    for (const what of [/unfinished write/, /without an index/, /being made/, /stray\.txt is no part/]) {
      expect(
        crashed.notes.some((note) => what.test(note)),
        String(what),
      ).toBe(true)
    }
    expect((await perdureHere(['verify', '--boot', '--store', `file:${log}`])).code).toBe(0)
    const opened = await diagnose(log)
    expect(opened).toMatchObject({ code: 0, well: true })
    expect(opened.notes.some((note) => /torn/.test(note))).toBe(true)
  },
)

/** What the doctor says is whole of a damaged log. */
async function wholeOf(log: string): Promise<unknown> {
  const { out } = await perdureHere(['doctor', '--store', `file:${log}`, '--json'])
  return jsonLines(out)[0]?.['whole']
}

test('doctor: says which positions of a damaged log are whole, and agrees with verify', SLOW, async () => {
  const log = join(temporaryFolder(), 'log')
  const head = await makeSegments(log)
  const store = `file:${log}`
  expect(await wholeOf(log)).toBeUndefined()
  const [older = '', newest = ''] = readdirSync(join(log, 'segments')).sort()
  const secondFrom = Number(newest.slice(0, 16))
  const bytes = readFileSync(join(log, 'segments', older))
  const at = bytes.indexOf('"position":1234,')
  bytes.write('x', bytes.indexOf('xxx', at))
  bytes.write('y', bytes.indexOf('xxx', at))
  writeFileSync(join(log, 'segments', older), bytes)
  expect(await diagnose(log)).toMatchObject({ code: 5, problems: ['log-corrupt'] })
  // A block of lines of 5 kB is one line.
  expect(await wholeOf(log)).toEqual([
    [1, 1233],
    [1235, head],
  ])
  const verified = await perdureHere(['verify', '--store', store])
  expect(verified.code).toBe(5)
  expect(verified.out).toContain('Positions 1 to 1,233 can be answered for')
  const { out } = await perdureHere(['read', '--store', store, '--json', '--after', '1234'])
  expect(jsonLines(out)).toHaveLength(head - 1234)
  // Without its index a segment is known by its groups only.
  rmSync(join(log, 'index'), { recursive: true })
  expect(await wholeOf(log)).toEqual([
    [1, 1200],
    [secondFrom, head],
  ])
  rmSync(join(log, 'segments', older))
  expect(await wholeOf(log)).toEqual([[secondFrom, head]])
  truncateSync(join(log, 'segments', newest), 100)
  expect(await wholeOf(log)).toEqual([])
})

test('doctor and repair: say when an index shows that something is missing', SLOW, async () => {
  const log = await newLog(5)
  rmSync(join(log, 'head'))
  const segment = segmentOf(log)
  truncateSync(segment, statSync(segment).size - 10)
  const sign = /0000000000000001\.ndjson held [\d,]+ bytes with 5 events when its index was made, .* lost/
  const { notes } = await diagnose(log)
  expect(notes.filter((note) => sign.test(note))).toHaveLength(1)
  const { code, out } = await perdureHere(['repair', '--accept-tail', '--store', `file:${log}`])
  expect(code).toBe(0)
  expect(out).toMatch(/accepted up to position 4/)
  expect(out).toMatch(sign)
  expect((await diagnose(log)).notes.filter((note) => sign.test(note))).toEqual([])
})

test('doctor: a head that was cut short is a case for repair, and what is said helps', SLOW, async () => {
  const log = await newLog(2)
  truncateSync(join(log, 'head'), 10)
  expect(await diagnose(log)).toMatchObject({ code: 5, problems: ['log-corrupt'], notes: [] })
  const { out } = await perdureHere(['doctor', '--store', `file:${log}`])
  expect(out).toContain(`perdure repair --accept-tail --store file:${log}`)
  expect(out).toContain('1 segment: every mark and hash agrees up to position 2')
  expect((await perdureHere(['repair', '--accept-tail', '--store', `file:${log}`])).code).toBe(0)
  expect(await diagnose(log)).toMatchObject({ code: 0, well: true })
})

test.each([
  ['a few letters', 'not a lock'],
  ['much of something else', 'lorem ipsum '.repeat(1000)],
])('doctor: a lock file that holds %s is found, with what to do', SLOW, async (_, garbage) => {
  const log = await newLog(1)
  writeFileSync(join(log, 'lock'), garbage)
  expect(await diagnose(log)).toMatchObject({ code: 1, well: false, problems: ['backend-failed'] })
  await expectAdviceHelps(log)
})

test('doctor: a folder where the lock file belongs is found, with what to do', SLOW, async () => {
  const log = await newLog(1)
  rmSync(join(log, 'lock'))
  mkdirSync(join(log, 'lock'))
  expect(await diagnose(log)).toMatchObject({ code: 1, well: false, problems: ['backend-failed'] })
  await expectAdviceHelps(log)
})

/** Opening fails as the doctor says; once the advice is taken, all is well. */
async function expectAdviceHelps(log: string): Promise<void> {
  const store = `file:${log}`
  const { out } = await perdureHere(['doctor', '--store', store])
  expect(out).toMatch(/WRONG {2}\S+lock is (not )?a .*: the log cannot be locked/)
  expect(out).toContain(`no process has the log open, then move ${join(log, 'lock')} away`)
  expect((await perdureHere(['verify', '--boot', '--store', store])).err).toContain('(backend-failed)')
  renameSync(join(log, 'lock'), join(log, '..', 'moved-away'))
  expect((await perdureHere(['verify', '--boot', '--store', store])).code).toBe(0)
  expect(await diagnose(log)).toMatchObject({ code: 0, well: true, problems: [], notes: [] })
}

// root may write everywhere, so as root the doctor is asked as somebody else.
test('doctor: a folder that this user cannot write', SLOW, async () => {
  const log = await newLog(1)
  const isRoot = process.getuid?.() === 0
  chmodSync(join(log, '..'), 0o755)
  if (!isRoot) for (const path of [log, join(log, 'segments')]) chmodSync(path, 0o555)
  onTestFinished(() => {
    if (!isRoot) for (const path of [log, join(log, 'segments')]) chmodSync(path, 0o755)
  })
  const { problems, code } = await diagnose(log, isRoot ? { uid: NOBODY } : {})
  expect(code).toBe(1)
  expect(new Set(problems)).toEqual(new Set(['store-unwritable']))
})

test('doctor: a store without a folder has nothing to examine', SLOW, async () => {
  expect(await perdureHere(['doctor', '--store', 'memory:'])).toMatchObject({ code: 0 })
})

test.each(['doctor', 'repair --accept-tail', 'init', 'read'])(
  '%s: an address of no store is refused, and its password is not repeated',
  SLOW,
  async (command) => {
    const ran = await perdureHere([...command.split(' '), '--store', 'mysql://ann:secret@host/db?token=secret'])
    expect(ran).toMatchObject({ code: 2, out: '' })
    expect(ran.err).toContain('(options-invalid)')
    expect(ran.err).not.toContain('secret')
  },
)

// Each beside a log that is whole.
test.each([
  [
    'a value that was changed',
    'kv-corrupt',
    5,
    (log: string) => edit(join(log, 'kv/0000000000000001.ndjson'), '"value":1'),
  ],
  ['the file of values gone', 'kv-corrupt', 5, (log: string) => rmSync(join(log, 'kv/0000000000000001.ndjson'))],
  ['the head of the values gone', 'head-missing', 5, (log: string) => rmSync(join(log, 'kv/head'))],
  ['a snapshot that was changed', 'snapshot-malformed', 1, (log: string) => edit(snapshotOf(log), '"state":1')],
  ['a snapshot cut short', 'snapshot-malformed', 1, (log: string) => truncateSync(snapshotOf(log), 40)],
])('doctor: beside the log, %s is found', SLOW, async (_, code, exit, plant) => {
  const log = join(temporaryFolder(), 'log')
  const store = await open(await makeLog(log, [{ stream: 's', type: 't', data: {} }]))
  await store.kv.put('k', 1)
  await store.snapshots.take({ name: 'n', version: 1, initial: 0, enrichments: false, on: { t: (n: number) => n + 1 } })
  await store.close()
  expect(await diagnose(log)).toMatchObject({ code: 0, well: true, notes: [] })
  plant(log)
  expect(await diagnose(log)).toMatchObject({ code: exit, well: false, problems: [code] })
})

function edit(path: string, text: string): void {
  const before = readFileSync(path, 'utf8')
  expect(before).toContain(text)
  writeFileSync(path, before.replace(text, text.replace('1', '7')))
}

function snapshotOf(log: string): string {
  const [path] = readdirSync(join(log, 'snapshots'), { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.json'),
  )
  return join(log, 'snapshots', path ?? '')
}
