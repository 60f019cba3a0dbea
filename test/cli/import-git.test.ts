// The import of a history: everything that a repository can hold, once, under names that give nobody away.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { writesOf } from '../../src/cli/git/events.js'
import type { GitCommit } from '../../src/cli/git/history.js'
import { importCommits, readImported } from '../../src/cli/git/import.js'
import { open } from '../../src/index.js'
import { addCommits, git, LONG_PATH, makeRepository, RICH_COMMITS, RICH_HISTORY, RICH_PEOPLE } from './repository.js'
import { errorOf, jsonLines, perdureHere, SLOW, temporaryFolder, type Ran } from './run.js'

interface Event {
  readonly position: number
  readonly commit: readonly [number, number]
  readonly stream: string
  readonly id: string
  readonly type: string
  readonly occurred?: string
  readonly tags: readonly string[]
  readonly meta: unknown
  readonly subject?: string
  readonly data: Record<string, unknown>
}

async function setUp(): Promise<{
  repository: string
  run: (...args: string[]) => Promise<Ran>
  events: () => Promise<Event[]>
}> {
  const folder = temporaryFolder()
  const env = { PERDURE_STORE: `file:${join(folder, 'log')}` }
  const run = (...args: string[]): Promise<Ran> => perdureHere(args, { cwd: folder, env })
  await run('init')
  const events = async (): Promise<Event[]> => jsonLines<Event>((await run('read', '--json')).out)
  return { repository: join(folder, 'repository'), run, events }
}

test('import git: every commit but merges becomes one commit of the log, oldest first', SLOW, async () => {
  const { repository, run, events } = await setUp()
  makeRepository(repository, RICH_HISTORY)
  const imported = await run('import', 'git', repository, '--json')
  expect(imported).toMatchObject({ code: 0, err: '' })
  const all = await events()
  expect(jsonLines(imported.out)).toMatchObject([
    { commits: RICH_COMMITS, newCommits: RICH_COMMITS, newEvents: all.length, head: all.length, authors: 6 },
  ])
  const authored = all.filter(({ type }) => type === 'commit_authored')
  const expected = git(repository, 'log', '--no-merges', '--reverse', '--format=%H').trim().split('\n')
  expect(authored.map(({ data }) => data['commit'])).toEqual(expected)
  for (const event of authored) {
    const [first, count] = event.commit
    expect(first).toBe(event.position)
    expect(count).toBe(1 + Number(event.data['files']))
    const files = all.slice(first, first + count - 1)
    expect(files.every(({ type, data }) => type === 'file_changed' && data['commit'] === event.data['commit'])).toBe(
      true,
    )
  }
})

test('import git: counts are those of git, binary files are marked, dates keep their offset', SLOW, async () => {
  const { repository, run, events } = await setUp()
  makeRepository(repository, RICH_HISTORY)
  await run('import', 'git', repository)
  const all = await events()
  const image = all.filter(({ stream }) => stream === 'file-image.bin')
  expect(image.map(({ data: { binary, added } }) => [binary, added])).toEqual([
    [true, undefined],
    [true, undefined],
  ])
  const renamed = all
    .filter(({ stream }) => /README/.test(stream))
    .map(({ stream, data }) => [stream, data['added'], data['deleted']])
  expect(renamed).toEqual([
    ['file-README.md', 2, 0],
    ['file-README.md', 0, 2],
    ['file-docs/README.md', 2, 0],
  ])
  expect(all.some(({ occurred }) => occurred === '2020-09-13T18:11:40+05:45')).toBe(true)
})

test(
  'import git: paths that no stream name can hold are escaped or shortened, and whole in the data',
  SLOW,
  async () => {
    const { repository, run, events } = await setUp()
    makeRepository(repository, RICH_HISTORY)
    await run('import', 'git', repository)
    const all = await events()
    const streams = new Set(all.map(({ stream }) => stream))
    for (const name of [
      'with "quotes" and space.txt',
      'tab\\x09name',
      'new\\x0aline',
      'back\\x5cslash',
      'ünïcödé/日本語 🎉.txt',
      'bad-\\xff-bytes.txt',
      '-leading-dash',
    ]) {
      expect(streams, name).toContain(`file-${name}`)
    }
    const long = all.find(({ data }) => data['path'] === LONG_PATH)
    expect(Buffer.byteLength(long?.stream ?? '')).toBeLessThanOrEqual(512)
    expect(long?.tags).toContain(long?.stream.replace('file-', 'file:'))
  },
)

test('import git: names and addresses stand only in data, whose subject is the author', SLOW, async () => {
  const { repository, run, events } = await setUp()
  makeRepository(repository, RICH_HISTORY)
  await run('import', 'git', repository)
  const all = await events()
  const people = new RegExp(RICH_PEOPLE.map((text) => text.replaceAll(/[+.]/g, '\\$&')).join('|'))
  for (const { data, ...envelope } of all) {
    expect(JSON.stringify(envelope)).not.toMatch(people)
    if (people.test(JSON.stringify(data))) expect(envelope.subject).toMatch(/^author:[a-z0-9]{12}$/)
  }
  const authored = all.filter(({ type }) => type === 'commit_authored')
  for (const { stream, subject, tags } of authored) {
    expect(`author-${subject?.slice('author:'.length)}`).toBe(stream)
    expect(tags).toContain(subject)
  }
  // Two authors of one name are two people; the same name and address are one.
  const anns = authored.filter(({ data }) => data['name'] === 'Ann Lee')
  expect(new Set(anns.map(({ subject }) => subject)).size).toBe(2)
})

test(
  'import git: a second run adds nothing, and after a new commit only that, by the same pseudonym',
  SLOW,
  async () => {
    const { repository, run, events } = await setUp()
    makeRepository(repository, RICH_HISTORY)
    await run('import', 'git', repository)
    const before = await events()
    expect((await run('import', 'git', repository)).out).toMatch(/0 new commits, 0 new events/)
    addCommits(repository, [{ files: { 'src/new.txt': 'new\n' } }])
    expect(jsonLines((await run('import', 'git', repository, '--json')).out)).toMatchObject([
      { newCommits: 1, newEvents: 2 },
    ])
    const after = await events()
    expect(after.slice(0, before.length)).toEqual(before)
    const ann = before.find(({ data }) => data['email'] === 'ann@example.org')?.subject
    expect(after.at(-2)).toMatchObject({ type: 'commit_authored', subject: ann })
  },
)

test('import git: --max takes the newest; a later run brings the older ones', SLOW, async () => {
  const { repository, run } = await setUp()
  makeRepository(repository, RICH_HISTORY)
  const first = jsonLines((await run('import', 'git', repository, '--max', '3', '--json')).out)
  expect(first).toMatchObject([{ commits: 3, newCommits: 3 }])
  const second = jsonLines((await run('import', 'git', repository, '--json')).out)
  expect(second).toMatchObject([{ commits: RICH_COMMITS, newCommits: RICH_COMMITS - 3 }])
})

test(
  'import git: a commit of more files than one commit of the log may hold is split, and taken up again',
  SLOW,
  async () => {
    const { repository, run } = await setUp()
    const files = Object.fromEntries(Array.from({ length: 10_050 }, (_, i) => [`many/${i}.txt`, 'x\n']))
    makeRepository(repository, [{ files }, { files: { 'one.txt': '1\n' } }])
    const imported = jsonLines((await run('import', 'git', repository, '--json')).out)
    expect(imported).toMatchObject([{ newCommits: 2, newEvents: 10_053 }])
    expect((await run('import', 'git', repository)).out).toMatch(/0 new commits, 0 new events/)
    expect((await run('verify')).code).toBe(0)
  },
)

test('import git: a history without any file, of a repository in a folder below', SLOW, async () => {
  const { repository, run } = await setUp()
  makeRepository(repository, [{ message: 'first' }, { message: 'second' }])
  mkdirSync(join(repository, 'below'))
  const imported = jsonLines((await run('import', 'git', join(repository, 'below'), '--json')).out)
  expect(imported).toMatchObject([{ newCommits: 2, newEvents: 2 }])
})

test('import git: without a repository, without commits, without git: an error that says which', SLOW, async () => {
  const folder = temporaryFolder()
  const store = ['--store', `file:${join(folder, 'log')}`]
  await perdureHere(['init', ...store])
  mkdirSync(join(folder, 'plain'))
  const plain = await perdureHere(['import', 'git', join(folder, 'plain'), ...store, '--json'], {
    env: { GIT_CEILING_DIRECTORIES: folder },
  })
  expect(plain.code).toBe(1)
  expect(errorOf(plain)).toMatchObject({ code: 'not-a-repository' })
  makeRepository(join(folder, 'empty'), [])
  const empty = await perdureHere(['import', 'git', join(folder, 'empty'), ...store, '--json'])
  expect(errorOf(empty).message).toMatch(/no commits yet/)
  const none = await perdureHere(['import', 'git', folder, ...store, '--json'], { env: { PATH: '' } })
  expect(errorOf(none)).toMatchObject({ code: 'git-missing' })
  expect((await perdureHere(['checkpoint', ...store])).out).toMatch(/of 0 events/)
})

test("import git: a person's git configuration changes nothing", SLOW, async () => {
  const { repository, run, events } = await setUp()
  makeRepository(repository, RICH_HISTORY)
  writeFileSync(join(repository, '.mailmap'), 'Ann Renamed <ann@example.org>\n')
  const settings = {
    'diff.renames': 'copies',
    'log.showSignature': 'true',
    'color.ui': 'always',
    'diff.algorithm': 'patience',
    'core.quotePath': 'false',
    'log.date': 'relative',
    'diff.relative': 'true',
    'i18n.logOutputEncoding': 'ISO-8859-1',
    'log.showRoot': 'false',
    'diff.noprefix': 'true',
    'format.pretty': 'raw',
    'log.decorate': 'full',
  }
  for (const [key, value] of Object.entries(settings)) git(repository, 'config', key, value)
  await run('import', 'git', repository)
  const all = await events()
  expect(all.filter(({ type }) => type === 'commit_authored')).toHaveLength(RICH_COMMITS)
  expect(all.find(({ data }) => data['email'] === 'juergen@example.org')?.data['name']).toBe('Jürgen')
  expect(all.find(({ data }) => data['email'] === 'ann@example.org')?.data).toMatchObject({ name: 'Ann Lee', files: 3 })
})

test('import git: a split commit that was broken off half-way is completed, under the pseudonym it began with', async () => {
  const store = await open('memory:')
  const files = Array.from({ length: 10_050 }, (_, i) => ({ path: `many/${i}.txt`, added: 1, deleted: 0 }))
  const commit: GitCommit = { hash: 'h1', name: 'Ann', email: 'ann@example.org', message: 'many', files }
  const [first = [], ...rest] = writesOf(commit, 'pseudonym1')
  expect(rest.length).toBeGreaterThan(0)
  await store.commit(first)

  const imported = await readImported(store)
  expect(imported.commits.size).toBe(0)
  const { signal } = new AbortController()
  expect(await importCommits(store, [commit], imported.authors, { signal })).toBe(10_051 - first.length)

  expect(await store.head()).toBe(10_051)
  expect((await readImported(store)).commits).toEqual(new Set(['h1']))
  expect(await store.revision('author-pseudonym1')).toBe(1)
  await store.close()
})
