/** Failures of real system calls, put there by strace: failed syncs, writes that take nothing, death at the n-th write. */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Appender, audit, temporaryFolder, type Told } from './child.js'

const EVENT_BYTES = 80
const probe = spawnSync('strace', ['-f', '-o', '/dev/null', '-e', 'inject=fdatasync:error=EIO:when=60000', 'true'])
const whyNot = probe.error === undefined ? probe.stderr.toString().trim().split('\n')[0] : probe.error.message
const hasStrace = probe.status === 0
if (!hasStrace)
  console.log(`real disk: no faults are injected into system calls: strace cannot be used here (${whyNot})`)

/** strace counts calls per thread: with one worker thread there is one count of asynchronous syncs. */
const ENVIRONMENT = { ...process.env, UV_THREADPOOL_SIZE: '1' }

async function appendWith(folder: string, injection: string, file: string): Promise<Told> {
  const strace = ['strace', '-f', '-qq', '-o', '/dev/null', '-P', join(folder, file), '-e', `inject=${injection}`]
  const child = new Appender({ folder, first: 1, count: 8, bytes: EVENT_BYTES }, strace, { env: ENVIRONMENT })
  return await child.end()
}

const SEGMENT = 'segments/0000000000000001.ndjson'

test.skipIf(!hasStrace)(
  'a failed sync is not acknowledged, closes the log, and is not tried again',
  { timeout: 60_000 },
  async () => {
    for (const when of [1, 3]) {
      const folder = temporaryFolder()
      const told = await appendWith(folder, `fdatasync:error=EIO:when=${when}`, SEGMENT)
      const answers = told.messages.flatMap((message) =>
        message.is === 'failed' ? [`${message.code}, ${message.written}`] : [],
      )
      expect(answers[0]).toBe('sync-failed, unknown')
      expect(new Set(answers.slice(1))).toEqual(new Set(['sync-failed, no']))
      expect(told.acknowledged.size + answers.length).toBe(8)
      const failed = Math.max(0, ...told.acknowledged) + 1
      await audit(folder, EVENT_BYTES, told.acknowledged, [...told.acknowledged, failed])
    }
  },
)

test.skipIf(!hasStrace)(
  'a write that takes nothing is refused as a full disk, and the log goes on',
  { timeout: 60_000 },
  async () => {
    const folder = temporaryFolder()
    const told = await appendWith(folder, 'pwrite64:retval=0:when=3', SEGMENT)
    const failures = told.messages.filter(({ is }) => is === 'failed')
    expect(failures).toMatchObject([{ code: 'disk-full', written: 'no' }])
    expect(told.acknowledged.size).toBe(7)
    await audit(folder, EVENT_BYTES, told.acknowledged, told.acknowledged)
  },
)

test.skipIf(!hasStrace)(
  'a writer killed at its n-th write or sync loses nothing acknowledged',
  { timeout: 120_000 },
  async () => {
    let died = 0
    for (const file of [SEGMENT, 'head']) {
      for (const injection of [
        'pwrite64:signal=KILL:when=1',
        'pwrite64:signal=KILL:when=4',
        'fdatasync:signal=KILL:when=2',
      ]) {
        const folder = temporaryFolder()
        const told = await appendWith(folder, injection, file)
        if (told.messages.at(-1)?.is !== 'closed') died++
        await audit(folder, EVENT_BYTES, told.acknowledged, told.sent)
      }
    }
    expect(died).toBeGreaterThan(3)
  },
)
