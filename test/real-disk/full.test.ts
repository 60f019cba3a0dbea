/** A real disk that is full: a limit on the size of files makes one, short writes included. */
import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { Appender, audit, temporaryFolder } from './child.js'

const LIMIT_KIB = 12
const EVENT_BYTES = 700
/** The limit is on the writer alone: the shell that sets it becomes the writer. */
const LIMITED = ['bash', '-c', `ulimit -S -f ${LIMIT_KIB}; exec "$@"`, 'limited']

test.skipIf(process.platform === 'win32')(
  'an append that finds no room leaves nothing, and a later one of the right size fits',
  async () => {
    const folder = temporaryFolder()
    const child = new Appender({ folder, first: 1, count: 40, bytes: EVENT_BYTES }, LIMITED)
    const told = await child.end()
    expect(told.stderr).toBe('')
    const failures = told.messages.filter((message) => message.is === 'failed')
    expect(failures.length).toBeGreaterThan(0)
    expect(new Set(failures.map(({ code, written }) => `${code}, written ${written}`))).toEqual(
      new Set(['disk-full, written no']),
    )
    const there = await audit(folder, EVENT_BYTES, told.acknowledged, told.acknowledged)
    expect(there).toEqual([...told.acknowledged])
  },
)

const hasPrlimit = spawnSync('prlimit', ['--version']).status === 0
if (!hasPrlimit) console.log('real disk: a full disk that gets room again is not tested: there is no prlimit here')

test.skipIf(!hasPrlimit)(
  'an append refused for want of space succeeds once there is room, without reopening',
  async () => {
    const folder = temporaryFolder()
    const child = new Appender({ folder, first: 1, count: 25, bytes: EVENT_BYTES, retryMs: 20 }, LIMITED)
    await child.until((messages) => messages.some(({ is }) => is === 'failed'))
    spawnSync('prlimit', ['--pid', String(child.process.pid), '--fsize=unlimited:'])
    const told = await child.end()
    expect(told.stderr).toBe('')
    expect(told.messages.at(-1)).toEqual({ is: 'closed' })
    expect(told.acknowledged.size).toBe(25)
    await audit(folder, EVENT_BYTES, told.acknowledged, told.sent)
  },
)
