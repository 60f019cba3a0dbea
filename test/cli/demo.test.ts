// The main job, as a person runs it: on a repository, again, after a new commit, and where there is none.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { isTelling, searchFiles } from '../../src/cli/demo/search.js'
import { addCommits, git, makeRepository, RICH_COMMITS, RICH_HISTORY } from './repository.js'
import {
  cleanEnvironment,
  errorOf,
  jsonLines,
  MAIN,
  perdure,
  perdureHere,
  SLOW,
  temporaryFolder,
  type Ran,
} from './run.js'

interface Report {
  readonly folder: string
  readonly notes: readonly string[]
  readonly events: number
  readonly commits: number
  readonly newEvents: number
  readonly newCommits: number
  readonly contributors: readonly (readonly [string, number])[]
  readonly files: readonly { readonly file: string; readonly changes: number }[]
  readonly starts: readonly { readonly projection: string; snapshot: number; folded: number; all: number }[]
  readonly newcomers: { readonly handled: number; readonly noted: number; readonly known: number }
  readonly oblivion?: {
    readonly deed?: { readonly name: string; readonly email: string; readonly subject: string; readonly lines: number }
    readonly authors: number
    readonly commits: number
    readonly others: { readonly authors: number; readonly commits: number }
    readonly returned: number
    readonly searched: { readonly files: number; readonly found: readonly string[] }
    readonly texts: readonly string[]
  }
  readonly comparedWith: string
  readonly speed: { readonly append: number }
  readonly root: string
}

function reportOf({ code, out, err }: Ran): Report {
  expect({ code, err }).toEqual({ code: 0, err: '' })
  const [report] = jsonLines<Report>(out)
  if (report === undefined) throw new Error('no report')
  return report
}

async function demoJson(cwd: string, ...args: string[]): Promise<Report> {
  return reportOf(await perdureHere(['demo', '--json', ...args], { cwd }))
}

test(
  'demo: a history with everything in it agrees with git; the second run has 0 new; a new commit is added',
  SLOW,
  async () => {
    const folder = temporaryFolder()
    makeRepository(folder, RICH_HISTORY)
    const first = await demoJson(folder)
    expect(first).toMatchObject({
      folder: '.perdure/demo',
      commits: RICH_COMMITS,
      newCommits: RICH_COMMITS,
      comparedWith: 'git',
      notes: [],
    })
    expect(first.contributors[0]).toEqual(['Ann Lee', 4])
    expect(first.speed.append).toBeGreaterThan(0)
    expect(first.oblivion).toMatchObject({ authors: 1, deed: { email: 'nameless@example.org', keys: 1 } })
    const second = await demoJson(folder)
    expect(second).toMatchObject({ newEvents: 0, newCommits: 0, events: first.events, root: first.root })
    expect(second.oblivion).toMatchObject({ authors: 1, commits: 1 })
    addCommits(folder, [{ name: 'Newcomer', files: { 'src/a.txt': 'once\nmore\n' } }])
    const third = await demoJson(folder)
    expect(third).toMatchObject({ newCommits: 1, newEvents: 2, events: first.events + 2, commits: RICH_COMMITS + 1 })
    expect(readdirSync(join(folder, '.perdure'))).toEqual(['demo', 'demo.keys'])
  },
)

test('demo: the report is at most 30 lines, names what was stored where, and its commands work', SLOW, async () => {
  const folder = temporaryFolder()
  makeRepository(folder, RICH_HISTORY)
  const { code, out, err } = await perdure(['demo'], { cwd: folder })
  expect(code).toBe(0)
  expect(err).toMatch(/reading 8 commits/)
  const lines = out.trimEnd().split('\n')
  expect(lines.length).toBeLessThanOrEqual(30)
  // The place of the program is as long as it is.
  const ownText = lines.map((line) => line.replace(MAIN, 'main.js'))
  for (const line of ownText) expect(line.length, line).toBeLessThanOrEqual(100)
  expect(out).toMatch(/append, .*: \d+ % of the speed of bare write/)
  expect(out).toContain('no snapshot yet, read all')
  expect(out).toContain('git shortlog -sn --no-merges')
  expect(out).toContain('git log --no-merges --no-renames --numstat')
  expect(out).toMatch(/Root +[0-9a-f]{64}/)
  const less = /less (\S+)/.exec(out)?.[1] ?? ''
  expect(existsSync(join(folder, less))).toBe(true)
  // Here npm would not find it.
  expect(out).not.toContain('npx')
  const commands = out
    .split('\n')
    .filter((line) => line.includes(MAIN))
    .map((line) => line.slice(line.indexOf(MAIN) + MAIN.length + 1).split(' '))
  expect(commands.length).toBeGreaterThanOrEqual(3)
  for (const command of commands) expect(await perdure(command, { cwd: folder })).toMatchObject({ code: 0, err: '' })
  expect((await perdure(['demo'], { cwd: folder })).out).toContain('(0 new)')
})

test(
  'demo: the second start reads only the tail: after the snapshots, and after what was subscribed to',
  SLOW,
  async () => {
    const folder = temporaryFolder()
    makeRepository(folder, RICH_HISTORY)
    const first = await demoJson(folder)
    for (const { snapshot, folded, all } of first.starts)
      expect({ snapshot, folded }).toEqual({ snapshot: 0, folded: all })
    const authors = first.newcomers.known
    expect(first.newcomers).toMatchObject({ handled: RICH_COMMITS, noted: authors })
    const second = await demoJson(folder)
    expect(second.starts.map(({ projection }) => projection)).toEqual([
      'contributors',
      'file-totals',
      'changed-together',
    ])
    for (const [i, start] of second.starts.entries()) {
      const all = first.starts[i]?.all ?? 0
      // Of somebody who is forgotten nothing is given to a projection.
      const forgotten = start.projection === 'contributors' ? (second.oblivion?.commits ?? 0) : 0
      expect(start).toMatchObject({ snapshot: first.events, folded: 0, all: all - forgotten })
    }
    expect(second.newcomers).toMatchObject({ handled: 0, noted: 0, known: authors - 1 })
    addCommits(folder, [{ name: 'Newcomer', files: { 'src/a.txt': 'once\nmore\n' } }])
    const third = await demoJson(folder)
    expect(third.starts.map(({ snapshot, folded }) => [snapshot, folded])).toEqual([
      [first.events, 1],
      [first.events, 1],
      [first.events, 1],
    ])
    expect(third.newcomers).toMatchObject({ handled: 1, noted: 1, known: authors })
    const { out } = await perdureHere(['demo'], { cwd: folder })
    expect(out).toMatch(/Started +contributors: snapshot at \d+, tail of 0 events read \(without a snapshot: \d+\)/)
    expect(out).toContain('subscription newcomers: 0 new events handled')
  },
)

test('demo: files named like parts of every object are files like others', SLOW, async () => {
  const folder = temporaryFolder()
  makeRepository(folder, [{ message: 'odd', files: { __proto__x: '1\n', constructor: '1\n', ['__proto__']: '1\n' } }])
  expect((await demoJson(folder)).files.map(({ file }) => file).sort()).toContain('__proto__')
  expect((await demoJson(folder)).files.map(({ file }) => file).sort()).toContain('__proto__')
})

test('demo: a mailmap changes the names that are compared, not the log', SLOW, async () => {
  const folder = temporaryFolder()
  makeRepository(folder, RICH_HISTORY)
  const { root } = await demoJson(folder)
  writeFileSync(join(folder, '.mailmap'), 'Ann Renamed <ann@example.org>\nAnn Renamed <zoe@example.org>\n')
  const mapped = await demoJson(folder)
  expect(mapped.root).toBe(root)
  expect(mapped.contributors).toContainEqual(['Ann Renamed', 4])
})

test(
  'demo: when git counts otherwise than at the import, it says what differs and ends with exit code 1',
  SLOW,
  async () => {
    const folder = temporaryFolder()
    makeRepository(folder, RICH_HISTORY)
    await demoJson(folder)
    writeFileSync(join(folder, '.gitattributes'), 'src/b.txt -diff\n')
    const differs = await perdureHere(['demo', '--json'], { cwd: folder })
    expect(differs).toMatchObject({ code: 1, out: '' })
    const error = errorOf(differs)
    expect(error.code).toBe('demo-differs')
    expect(error.facts['differences']).toEqual([
      expect.stringContaining('src/b.txt: the log says 1 commits, +1 −0; git says'),
    ])
    expect((await perdureHere(['demo'], { cwd: folder })).err).toContain('src/b.txt: the log says')
  },
)

test('demo: commits that the history has lost stay in the log and are left out of the comparison', SLOW, async () => {
  const folder = temporaryFolder()
  makeRepository(folder, RICH_HISTORY)
  const { events } = await demoJson(folder)
  git(folder, 'reset', '--hard', '--quiet', 'HEAD~2')
  const rewritten = await demoJson(folder)
  expect(rewritten).toMatchObject({ commits: RICH_COMMITS - 2, newEvents: 0, events })
  expect(rewritten.notes).toEqual([expect.stringContaining('2 commits that git no longer counts')])
  const limited = await demoJson(folder, '--max', '2')
  expect(limited).toMatchObject({ commits: 2, newEvents: 0 })
})

test('demo: histories of two repositories are never mixed', SLOW, async () => {
  const folder = temporaryFolder()
  makeRepository(join(folder, 'one'), RICH_HISTORY)
  makeRepository(join(folder, 'two'), [{ message: 'of another', files: { 'x.txt': 'x\n' } }])
  const one = await demoJson(folder, 'one')
  expect(one.folder).toBe('.perdure/demo')
  const two = await demoJson(folder, 'two')
  expect(two).toMatchObject({
    folder: '.perdure/demo-2',
    newEvents: 2,
    notes: [expect.stringContaining('another history')],
  })
  expect(await demoJson(folder, 'one')).toMatchObject({ folder: '.perdure/demo', newEvents: 0 })
  expect(await demoJson(folder, 'two')).toMatchObject({ folder: '.perdure/demo-2', newEvents: 0 })
})

test('demo: without a repository it uses a generated sample, the same every time', SLOW, async () => {
  const folder = temporaryFolder()
  const env = { GIT_CEILING_DIRECTORIES: join(folder, '..') }
  const sample = reportOf(await perdureHere(['demo', '--json'], { cwd: folder, env }))
  expect(sample).toMatchObject({
    comparedWith: 'sample',
    folder: '.perdure/sample',
    notes: [expect.stringContaining('not a Git repository')],
  })
  expect(sample.contributors.length).toBeGreaterThan(3)
  expect(reportOf(await perdureHere(['demo', '--json'], { cwd: folder, env }))).toMatchObject({
    newEvents: 0,
    root: sample.root,
  })
  const other = temporaryFolder()
  const again = reportOf(await perdureHere(['demo', '--json'], { cwd: other, env: { PATH: '' } }))
  expect(again.notes).toEqual([expect.stringContaining('no git program')])
  expect(again.contributors).toEqual(sample.contributors)
  expect(again.files).toEqual(sample.files)
})

test('demo: a repository without commits gets the sample', SLOW, async () => {
  const folder = temporaryFolder()
  makeRepository(folder, [])
  const { code, out } = await perdureHere(['demo'], { cwd: folder })
  expect(code).toBe(0)
  expect(out).toContain('has no commits yet: this is a generated sample')
})

test(
  'demo: a shallow clone leaves out the commits whose parents it lacks, and can be deepened later',
  SLOW,
  async () => {
    const folder = temporaryFolder()
    makeRepository(join(folder, 'whole'), RICH_HISTORY)
    git(folder, 'clone', '--quiet', '--depth', '3', `file://${join(folder, 'whole')}`, 'shallow')
    const shallow = await demoJson(folder, 'shallow')
    expect(shallow.notes).toEqual([expect.stringContaining('shallow clone')])
    expect(shallow.commits).toBeGreaterThan(0)
    expect(shallow.commits).toBeLessThan(RICH_COMMITS)
    git(join(folder, 'shallow'), 'fetch', '--quiet', '--unshallow')
    expect(await demoJson(folder, 'shallow')).toMatchObject({ commits: RICH_COMMITS, notes: [] })
  },
)

test('demo: of the shallowest clone nothing can be told, so the sample is used', SLOW, async () => {
  const folder = temporaryFolder()
  makeRepository(join(folder, 'whole'), RICH_HISTORY)
  git(folder, 'clone', '--quiet', '--depth', '1', `file://${join(folder, 'whole')}`, 'shallow')
  const report = await demoJson(folder, 'shallow')
  expect(report).toMatchObject({
    comparedWith: 'sample',
    notes: [expect.stringMatching(/shallow clone.*generated sample/)],
  })
})

test('demo: goes on where a run was broken off, and where the folder was emptied', SLOW, async () => {
  const folder = temporaryFolder()
  makeRepository(folder, RICH_HISTORY)
  mkdirSync(join(folder, '.perdure/demo'), { recursive: true })
  await perdureHere(['init', '--keys', '--store', 'file:.perdure/demo'], { cwd: folder })
  await perdureHere(['import', 'git', '--max', '2', '--store', 'file:.perdure/demo'], { cwd: folder })
  expect(await demoJson(folder)).toMatchObject({ folder: '.perdure/demo', newCommits: RICH_COMMITS - 2 })
  rmSync(join(folder, '.perdure'), { recursive: true })
  expect(await demoJson(folder)).toMatchObject({ newCommits: RICH_COMMITS })
})

test('demo: stopped in the middle, it leaves nothing but the log, and goes on the next time', SLOW, async () => {
  const folder = temporaryFolder()
  makeRepository(folder, RICH_HISTORY)
  const child = spawn(process.execPath, [MAIN, 'demo'], { cwd: folder, env: cleanEnvironment() })
  let err = ''
  child.stderr.on('data', (chunk: Buffer) => {
    err += chunk.toString()
    if (err.includes('measuring')) child.kill('SIGINT')
  })
  expect(await once(child, 'close')).toEqual([null, 'SIGINT'])
  expect(readdirSync(join(folder, '.perdure'))).toEqual(['demo', 'demo.keys'])
  expect(await demoJson(folder)).toMatchObject({ newEvents: 0 })
})

test('demo: a damaged log is not written to, and ends with exit code 5', SLOW, async () => {
  const folder = temporaryFolder()
  makeRepository(folder, RICH_HISTORY)
  await demoJson(folder)
  const segment = join(folder, '.perdure/demo/segments/0000000000000001.ndjson')
  const damaged = readFileSync(segment, 'utf8').replace('"key":"', '"key":"x')
  writeFileSync(segment, damaged)
  const ran = await perdureHere(['demo', '--json'], { cwd: folder })
  expect(ran).toMatchObject({ code: 5, out: '' })
  expect(errorOf(ran).code).toBe('log-corrupt')
  expect(readFileSync(segment, 'utf8')).toBe(damaged)
})

test(
  'demo: one author is forgotten: root unchanged, nothing of the person in any file, everybody else as before',
  SLOW,
  async () => {
    const folder = temporaryFolder()
    makeRepository(folder, [
      { name: 'Ann Lee', email: 'ann@example.org', files: { 'a.txt': '1\n' } },
      { name: 'Ann Lee', email: 'ann@example.org', files: { 'a.txt': '2\n' } },
      { name: 'Zoë Martin', email: 'zoe@example.org', message: 'by Zoë', files: { 'a.txt': '3\n', 'b.txt': '3\n' } },
    ])
    const first = await demoJson(folder)
    expect(first.contributors).toEqual([
      ['Ann Lee', 2],
      ['Zoë Martin', 1],
    ])
    expect(first.oblivion).toMatchObject({
      deed: { name: 'Zoë Martin', email: 'zoe@example.org', readBefore: 1, keys: 1, removed: { values: 1 }, lines: 7 },
      others: { authors: 1, commits: 2 },
      texts: ['Zoë Martin', 'zoe@example.org'],
      searched: { found: [] },
    })
    const folders = ['demo', 'demo.keys'].map((name) => join(folder, '.perdure', name))
    expect(searchFiles(folders, ['Zoë', 'zoe@example.org', 'ann@example.org', 'Ann Lee']).found).toEqual([])
    const { out } = await perdureHere(['read', '--json', '--store', 'file:.perdure/demo'], { cwd: folder })
    expect(out).not.toContain('zoe@example.org')
    expect(out).toContain('ann@example.org')
    // Whoever comes again is somebody new to the log, and what was imported is not imported again.
    addCommits(folder, [{ name: 'Zoë Martin', email: 'zoe@example.org', files: { 'b.txt': '4\n' } }])
    const second = await demoJson(folder)
    expect(second).toMatchObject({ newCommits: 1, commits: 4, events: first.events + 2 })
    expect(second.contributors).toEqual([
      ['Ann Lee', 2],
      ['Zoë Martin', 1],
    ])
    expect(second.oblivion).toMatchObject({ authors: 1, commits: 1, returned: 1, others: { authors: 2, commits: 3 } })
    expect(second.oblivion?.deed).toBeUndefined()
    const imported = await perdureHere(['import', 'git', '.', '--json', '--store', 'file:.perdure/demo'], {
      cwd: folder,
    })
    expect(jsonLines(imported.out)).toMatchObject([{ newCommits: 0, newEvents: 0, commits: 4 }])
  },
)

test('demo: a folder that was begun without keys stays as it is, to the byte', SLOW, async () => {
  const folder = temporaryFolder()
  makeRepository(folder, [{ files: { 'a.txt': '1\n' } }])
  const former = ['--store', 'file:.perdure/demo']
  mkdirSync(join(folder, '.perdure'))
  await perdureHere(['init', ...former], { cwd: folder })
  await perdureHere(['import', 'git', '.', ...former], { cwd: folder })
  const segment = join(folder, '.perdure/demo/segments/0000000000000001.ndjson')
  const before = readFileSync(segment)
  for (const newEvents of [2, 0]) {
    const report = await demoJson(folder)
    expect(report).toMatchObject({
      folder: '.perdure/demo-2',
      newEvents,
      notes: [expect.stringContaining('without keys')],
    })
  }
  expect(readFileSync(segment)).toEqual(before)
  expect(existsSync(join(folder, '.perdure/demo.keys'))).toBe(false)
})

test('demo: its search finds a text in every form in which a program could have left it', () => {
  const folder = temporaryFolder()
  const text = 'zoë@example.org'
  const forms = [
    Buffer.from(text),
    Buffer.from(text, 'utf16le'),
    Buffer.from('zo\\u00eb@example.org'),
    ...[0, 1, 2].map((before) => Buffer.from(Buffer.from(`${'x'.repeat(before)}${text}yy`).toString('base64'))),
  ]
  forms.forEach((form, i) =>
    writeFileSync(join(folder, `${i}`), Buffer.concat([Buffer.from('…'), form, Buffer.from('…')])),
  )
  writeFileSync(join(folder, 'other'), 'zoe@example.org')
  expect(searchFiles([folder], [text]).found.toSorted()).toEqual(forms.map((_, i) => join(folder, `${i}`)))
  expect([isTelling('Ann', []), isTelling('ann@x.org', []), isTelling('read me', ['docs/read me.txt'])]).toEqual([
    false,
    true,
    false,
  ])
})
