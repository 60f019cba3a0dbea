/** The examples are run as they stand; those that keep something are run twice. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ROOT, runNode, SLOW, temporaryFolder } from '../cli/run.js'

/** What each prints, run by run. */
const printed: Readonly<Record<string, readonly string[][]>> = {
  'typed-orders.mjs': [
    [
      'refused: /data/cups of order-3',
      "order-1 { tea: 'sencha', cups: 1 }",
      "order-2 { tea: 'assam', cups: 2 }",
      '3 cups',
    ],
  ],
  'seat-sale.mjs': [['4 of 10 got a seat', '0 seats left']],
  'counter.mjs': [
    ["visits/opened { by: 'ann' }", 'visits/today 20'],
    ["visits/opened { by: 'ann' }", 'visits/today 40'],
  ],
  'long-account.mjs': [
    ['balance 247600 at position 5001: folded 5001 events'],
    ['balance 247700 at position 5002: folded 1 events'],
  ],
  'welcome-letters.mjs': [
    ['Dear Ann, welcome! (event 1)', 'Dear Bob, welcome! (event 2)', 'up to position 2; 0 put aside'],
    ['Dear Cem, welcome! (event 3)', 'up to position 3; 0 put aside'],
  ],
}

test.each(Object.entries(printed))('%s prints what it is there to show', SLOW, async (name, runs) => {
  const cwd = temporaryFolder()
  for (const lines of runs) {
    const ran = await runNode([join(ROOT, 'examples', name)], { cwd })
    expect(ran).toMatchObject({ code: 0, err: '', out: lines.map((line) => `${line}\n`).join('') })
  }
  // Where git does not look.
  expect(readdirSync(cwd).filter((entry) => entry !== '.perdure')).toEqual([])
})

test('every example is run by a test, begins by saying what it shows, and has at most 40 lines, a service 60', () => {
  const others = ['test/cli/examples.test.ts', 'test/examples/key-service.test.ts']
  const tests = Object.keys(printed).join() + others.map((path) => readFileSync(join(ROOT, path), 'utf8')).join('')
  for (const name of readdirSync(join(ROOT, 'examples'))) {
    const source = readFileSync(join(ROOT, 'examples', name), 'utf8')
    expect(tests).toContain(name)
    expect(source).toMatch(/^\/\/ /)
    expect(source.trimEnd().split('\n').length).toBeLessThanOrEqual(name === 'key-service.mjs' ? 60 : 40)
  }
})
