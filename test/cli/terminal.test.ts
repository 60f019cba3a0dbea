// What goes to a terminal cannot steer it, also as JSON; what goes to a file or a pipe is exact.
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { encodeJson } from '../../src/json.js'
import { makeLog, runInProcess, temporaryFolder } from './run.js'

// CSI as one character (C1), another C1, DEL, a bidirectional override; and letters beyond ASCII, which stay.
const STEERING = '\u009b31m \u0080 \u007f \u202e'
const DATA = { text: `größe 茶 ${STEERING}`, [STEERING]: 1 }
const STEERS = /[\u007f-\u009f\u202e]/

async function newLog(): Promise<string> {
  return await makeLog(join(temporaryFolder(), 'log'), [{ stream: 's\u202em', type: 't', data: DATA }])
}

test.each([['read', '--json'], ['cat'], ['streams', '--json']])(
  'terminal: %s %s prints the same JSON with escapes, and to a pipe the exact bytes',
  async (...args) => {
    const store = await newLog()
    const terminal = await runInProcess([...args, '--store', store], { isTerminal: true })
    const pipe = await runInProcess([...args, '--store', store])
    expect(terminal).toMatchObject({ code: 0, err: '' })
    expect(pipe.out).toMatch(STEERS)
    expect(terminal.out).not.toMatch(STEERS)
    expect(terminal.out).toContain('\\u202e')
    expect(JSON.parse(terminal.out)).toEqual(JSON.parse(pipe.out))
    if (args[0] !== 'streams') {
      expect(terminal.out).toContain('größe 茶')
      expect(pipe.out).toContain(encodeJson(DATA))
    }
  },
)

test('terminal: plain read shows escapes, wherever it prints to', async () => {
  const store = await newLog()
  for (const isTerminal of [true, false]) {
    const { out } = await runInProcess(['read', '--store', store], { isTerminal })
    expect(out).not.toMatch(STEERS)
    expect(out).toContain('s\\u202em@1')
  }
})

test('terminal: an error as JSON is the same with escapes', async () => {
  const args = ['read', '--json', '--store', `file:${join(temporaryFolder(), 'no\u009blog')}`]
  const terminal = await runInProcess(args, { isTerminal: true })
  const pipe = await runInProcess(args)
  expect(pipe.err).toMatch(STEERS)
  expect(terminal.err).not.toMatch(STEERS)
  expect(JSON.parse(terminal.err)).toEqual(JSON.parse(pipe.err))
})
