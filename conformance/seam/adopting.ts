/** Promises of `Backend.adopt`: lines that already have their places. */
import assert from 'node:assert/strict'
import type { Backend } from '../../src/index.js'
import type { Case, Promises } from '../case.js'
import { failsWith } from '../expectations.js'
import { allLines, appendOne, commit, fill, NOW, write } from './commits.js'

/** Seven lines: commits of 1, 2, 1 and 3 events. */
async function sourceLines(it: Case): Promise<readonly string[]> {
  const source = await it.another()
  await fill(source, [commit('a', ['1']), commit('a', ['2', '3'], { tags: ['k:v'] })])
  await fill(source, [commit('b', ['4'])], '2026-01-01T00:00:05.000Z')
  await fill(source, [{ writes: [write('a', ['5', '6']), write('c', ['7'])] }], '2026-01-01T00:00:06.000Z')
  return await allLines(source)
}

async function refused(backend: Backend, lines: readonly string[], index?: number): Promise<void> {
  const before = await allLines(backend)
  const facts = index === undefined ? {} : { index }
  const error = await failsWith('lines-invalid', () => backend.adopt(lines), facts, JSON.stringify(lines))
  assert.equal(error.written, 'no')
  assert.deepEqual(await allLines(backend), before, 'a refused adoption has written something')
}

const replaced = (lines: readonly string[], at: number, from: string, to: string): string[] =>
  lines.map((line, i) => (i === at ? line.replace(from, to) : line))

export const seamAdoptingPromises: Promises = {
  'seam adopt: lines are taken over byte for byte, and answer every question': async (it) => {
    const lines = await sourceLines(it)
    const { backend } = it
    await backend.adopt(lines)
    assert.deepEqual(await allLines(backend), lines)
    assert.deepEqual(await backend.head(), { position: 7, time: '2026-01-01T00:00:06.000Z' })
    assert.deepEqual([await backend.revision('a'), await backend.revision('b'), await backend.revision('c')], [5, 1, 1])
    assert.deepEqual(
      [...(await backend.find(['3', '7', 'x']))],
      [
        ['3', 3],
        ['7', 7],
      ],
    )
    assert.equal(await backend.positionAt('2026-01-01T00:00:05.999Z'), 4)
    const { lines: tagged } = await backend.read([{ tags: ['k:v'] }], {
      after: 0,
      upTo: 7,
      backwards: false,
      limit: 9,
      maxBytes: 9999,
    })
    assert.deepEqual(tagged, lines.slice(1, 3))
  },

  'seam adopt: commit by commit it comes to the same; appends go on after it': async (it) => {
    const lines = await sourceLines(it)
    const { backend } = it
    for (const [from, to] of [
      [0, 1],
      [1, 3],
      [3, 4],
      [4, 7],
    ] as const)
      await backend.adopt(lines.slice(from, to))
    assert.deepEqual(await allLines(backend), lines)
    const outcome = await appendOne(backend, commit('a', ['8'], { expect: 5 }))
    assert.deepEqual(outcome.kind === 'written' && [outcome.first, [...outcome.revisions]], [8, [['a', 6]]])
    assert.equal((await backend.head()).time, '2026-01-01T00:00:06.000Z', 'time does not decrease')
    assert.equal((await appendOne(backend, commit('z', ['3', '2']))).kind, 'known')
  },

  'seam adopt: lines of a log go on after appends of its own': async (it) => {
    const lines = await sourceLines(it)
    const { backend } = it
    await fill(backend, [commit('a', ['1'])])
    await backend.adopt(lines.slice(1))
    assert.deepEqual(await allLines(backend), lines)
  },

  'seam adopt: a gap, an overlap or a repetition is refused': async (it) => {
    const lines = await sourceLines(it)
    const { backend } = it
    await refused(backend, lines.slice(1), 0)
    await backend.adopt(lines.slice(0, 3))
    await refused(backend, lines, 0)
    await refused(backend, lines.slice(2), 0)
    await refused(backend, lines.slice(4), 0)
    await refused(backend, [lines[3], ...lines.slice(3)] as string[], 1)
    await backend.adopt(lines.slice(3))
  },

  'seam adopt: half a commit, at either end, is refused': async (it) => {
    const lines = await sourceLines(it)
    const { backend } = it
    for (const end of [2, 5, 6]) await refused(backend, lines.slice(0, end))
    await backend.adopt(lines.slice(0, 1))
    await refused(backend, lines.slice(2, 3))
    await refused(backend, lines.slice(1, 2))
  },

  'seam adopt: what contradicts itself or the log is refused': async (it) => {
    const lines = await sourceLines(it)
    const { backend } = it
    await refused(backend, replaced(lines, 2, '"position":3', '"position":4'), 2)
    await refused(backend, replaced(lines, 2, '"commit":[2,2]', '"commit":[2,3]'))
    await refused(backend, replaced(lines, 1, '"commit":[2,2]', '"commit":[1,2]'), 1)
    await refused(backend, replaced(lines, 3, '"position":4', '"position":4,"commit":[4,0]'), 3)
    await refused(backend, replaced(lines, 4, '"revision":4', '"revision":5'), 4)
    await refused(backend, replaced(lines, 3, '"id":"4"', '"id":"2"'), 3)
    await refused(backend, replaced(lines, 3, '2026-01-01T00:00:05.000Z', '2025-01-01T00:00:00.000Z'), 3)
    const swapped = [...lines]
    ;[swapped[0], swapped[3]] = [lines[3] as string, lines[0] as string]
    await refused(backend, swapped, 0)
    await fill(backend, [commit('b', ['4'])])
    await refused(
      backend,
      [(lines[0] as string).replace('"position":1', '"position":2').replace('"id":"1"', '"id":"4"')],
      0,
    )
  },

  'seam adopt: what is no line is refused': async (it) => {
    const lines = await sourceLines(it)
    const { backend } = it
    for (const bad of [
      '',
      '{',
      'null',
      '{}',
      'x',
      `${NOW}`,
      (lines[3] as string).slice(0, -1),
      `${lines[3] ?? ''}\n`,
      `${lines[3] ?? ''} x`,
      (lines[3] as string).replace('"x"', 'x'),
    ]) {
      await refused(backend, [...lines.slice(0, 3), bad], 3)
    }
  },
}
