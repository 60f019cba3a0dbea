// Help, wrong usage, closed pipes, signals: how the command line behaves as a program among others.
import { once } from 'node:events'
import { existsSync, readdirSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { errorOf, jsonLines, makeLog, perdure, readByHead, runInProcess, SLOW, start, temporaryFolder } from './run.js'

const COMMANDS = [
  'demo',
  'init',
  'append',
  'import git',
  'read',
  'follow',
  'cat',
  'streams',
  'project',
  'kv',
  'kv get',
  'kv put',
  'kv delete',
  'kv list',
  'blob',
  'blob put',
  'blob get',
  'blob has',
  'snapshot',
  'snapshot list',
  'snapshot take',
  'subscription',
  'subscription list',
  'subscription parked',
  'keys',
  'keys status',
  'keys rotate',
  'subjects',
  'subjects list',
  'subjects status',
  'subjects pseudonym',
  'shred',
  'checkpoint',
  'verify',
  'doctor',
  'repair',
  'bench',
]

test('help: names every command, the exit codes and the store; every line fits a terminal', SLOW, async () => {
  const { code, out, err } = await perdure(['--help'])
  expect({ code, err }).toEqual({ code: 0, err: '' })
  for (const command of COMMANDS) expect(out).toContain(`  ${command.split(' ')[0]} `)
  expect(out).toContain('Exit codes: 0 done')
  expect(out).toContain('PERDURE_STORE')
  for (const line of out.split('\n')) expect(line.length, line).toBeLessThanOrEqual(100)
})

test.each(COMMANDS)('help: perdure %s --help has an example', async (command) => {
  const { code, out, err } = await runInProcess([...command.split(' '), '--help'])
  expect({ code, err }).toEqual({ code: 0, err: '' })
  expect(out).toMatch(/\nExamples?:\n {2}perdure /)
  for (const line of out.split('\n')) expect(line.length, line).toBeLessThanOrEqual(100)
})

test('version: is that of the package', SLOW, async () => {
  expect((await perdure(['--version'])).out).toMatch(/^\d+\.\d+\.\d+\n$/)
})

test.each([
  ['no command', []],
  ['an unknown command', ['frobnicate']],
  ['an unknown option', ['read', '--frobnicate']],
  ['an unknown import', ['import', 'svn']],
  ['a missing argument', ['append', '--type', 't']],
  ['a missing option', ['append', 's']],
  ['an argument too many', ['verify', 'everything']],
  ['a limit that is not a number', ['read', '--limit', 'ten']],
  ['a limit of nothing', ['read', '--limit', '0']],
  ['a negative position', ['read', '--after=-1']],
  ['a tag without a colon', ['append', 's', '--type', 't', '--tag', 'red']],
  ['a tag without a colon to read by', ['read', '--tag', 'red']],
  ['a time without an offset', ['append', 's', '--type', 't', '--occurred', '2026-01-01T00:00:00']],
  ['a bound that is no time', ['cat', '--until', 'yesterday']],
  ['a stream without a name', ['read', '--stream', '']],
  ['a patience that is no number', ['read', '--wait', 'long']],
  ['a revision beyond all numbers', ['append', 's', '--type', 't', '--expect', '99999999999999999999']],
  ['an expectation that means nothing', ['append', 's', '--type', 't', '--expect', 'some']],
  ['an unknown deed with current values', ['kv', 'set', 'k', '1']],
  ['a revision of a value that is none', ['kv', 'put', 'k', '1', '--expect', 'exists']],
  ['a place to follow from that is none', ['follow', '--after', 'tail']],
  ['no commits at all', ['import', 'git', '--max', '0']],
  ['a time that is none', ['project', 'p.mjs', '--at', 'yesterday']],
  ['a store of an unknown kind', ['read', '--store', 'mysql://x']],
  ['a repair without the decision', ['repair']],
  ['a shred without a reason', ['shred', 'person:1', '--yes']],
  ['a shred that nobody has confirmed', ['shred', 'person:1', '--reason', 'r']],
  ['keys at no address', ['read', '--keys', 'secret']],
  ['writing without keys', ['append', 's', '--type', 't', '--keys', 'none']],
  ['keys beside a log in memory', ['init', '--keys', '--store', 'memory:']],
  ['a natural key on the command line', ['subjects', 'pseudonym', 'person', 'Ann']],
  ['a demo of a folder that is not there', ['demo', 'nowhere']],
])('usage: %s ends with exit code 2 and a way on', async (_, args) => {
  const forPerson = await runInProcess(args)
  expect(forPerson).toMatchObject({ code: 2, out: '' })
  expect(forPerson.err).toMatch(/perdure/)
  const forProgram = await runInProcess([...args, '--json'])
  expect(forProgram).toMatchObject({ code: 2, out: '' })
  expect(['usage', 'options-invalid']).toContain(errorOf(forProgram).code)
})

test('usage: the compiled program ends as the tests within this process say', SLOW, async () => {
  for (const args of [['frobnicate'], ['read', '--frobnicate', '--json'], ['append', '--help']]) {
    expect(await perdure(args)).toEqual(await runInProcess(args))
  }
})

test('usage: a misspelt option or command gets a suggestion, on the same line', async () => {
  const expected = [
    [['read', '--limti', '3'], "unknown option '--limti' (Did you mean --limit?)"],
    [['raed'], "unknown command 'raed' (Did you mean read?)"],
    // Though another option is missing for the same reason.
    [['append', 's', '--typ', 'x'], "unknown option '--typ' (Did you mean --type?)"],
  ] as const
  for (const [args, text] of expected) {
    expect((await runInProcess(args)).err.split('\n')[0]).toBe(`perdure: ${text} (usage)`)
    expect(errorOf(await runInProcess([...args, '--json'])).message).toBe(text)
  }
})

test('usage: numbers that begin at 1 say so, whatever was given', async () => {
  for (const given of ['0', '-1', 'abc', '1.5']) {
    const { err } = await runInProcess(['read', `--limit=${given}`])
    expect(err).toContain('It is a whole number, 1 or more.')
  }
})

/** A log whose text is larger than any pipe holds. */
async function largeLog(): Promise<string> {
  const event = { stream: 's', type: 't', data: { text: 'x'.repeat(200_000) } }
  return await makeLog(join(temporaryFolder(), 'log'), [event, event, event, event])
}

test.each(['read', 'cat'])('%s: a reader that has enough (| head) ends the command quietly', SLOW, async (command) => {
  const store = await largeLog()
  expect(await readByHead([command, '--store', store])).toEqual({ code: 0, signal: null, err: '' })
  expect((await perdure(['verify', '--store', store])).code).toBe(0)
})

// The pipe is full and nobody reads: the command waits, holding the log open, until it is told to stop.
test.each(['SIGINT', 'SIGTERM'] as const)('%s: closes the log and ends by the signal', SLOW, async (signal) => {
  const store = await largeLog()
  const { child, err } = start(['cat', '--store', store])
  child.stdout.pause()
  await once(child.stdout, 'readable')
  child.kill(signal)
  const [code, by] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null]
  child.stdout.destroy()
  expect({ code, by }).toEqual({ code: null, by: signal })
  expect(err()).toContain('stopped; the log is closed')
  const [verified] = jsonLines((await perdure(['verify', '--store', store, '--json'])).out)
  expect(verified).toMatchObject({ intact: true, events: 4 })
})

/** Processes that work in this folder or below; nothing where the system does not say. */
function workingBelow(folder: string): string[] {
  if (!existsSync('/proc/self/cwd')) return []
  return readdirSync('/proc').filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readlinkSync(`/proc/${pid}/cwd`).startsWith(join(folder, '.perdure'))
    } catch {
      return false
    }
  })
}

test.each(['SIGINT', 'SIGTERM'] as const)(
  'bench: %s ends it and what it runs, and nothing is left',
  SLOW,
  async (by) => {
    const cwd = temporaryFolder()
    const { child, closed } = start(['bench', '--only', 'file-append-single'], { cwd })
    await once(child.stdout, 'data')
    if (existsSync('/proc/self/cwd')) expect(workingBelow(cwd).length).toBeGreaterThan(0)
    child.kill(by)
    // A shell calls this 130 (SIGINT) or 143 (SIGTERM).
    expect(await closed).toEqual({ code: null, signal: by })
    expect(readdirSync(join(cwd, '.perdure', 'bench'))).toEqual([])
    await expect.poll(() => workingBelow(cwd)).toEqual([])
  },
)
