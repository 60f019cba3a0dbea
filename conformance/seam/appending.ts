/** Promises of `Backend.append`. */
import assert from 'node:assert/strict'
import type { Commit, Matcher } from '../../src/index.js'
import type { Promises } from '../case.js'
import { range } from '../expectations.js'
import { allLines, appendOne, commit, encoded, fill, NOW, write } from './commits.js'

export const seamAppendingPromises: Promises = {
  'seam append: a written commit answers with its places, and the revisions in the order first written': async ({
    backend,
  }) => {
    await fill(backend, [commit('b', ['1'])])
    const outcome = await appendOne(backend, { writes: [write('b', ['2', '3']), write('a', ['4']), write('b', ['5'])] })
    assert.equal(outcome.kind, 'written')
    assert.deepEqual(
      [outcome.first, outcome.last, [...outcome.revisions]],
      [
        2,
        5,
        [
          ['b', 4],
          ['a', 1],
        ],
      ],
    )
    assert.deepEqual(await backend.head(), { position: 5, time: NOW })
  },

  'seam append: a line is its place, then the front, the time and the back, byte for byte': async ({ backend }) => {
    const odd = { ...encoded('i"1\\', { type: '漢', tags: ['k:🦀'], data: '\u2028 "é' }) }
    await backend.append(
      [{ writes: [{ stream: 'a"\\🦀', expect: 'any', events: [odd] }] }, commit('b', ['2', '3'])],
      NOW,
    )
    assert.deepEqual(await allLines(backend), [
      `{"position":1,"stream":"a\\"\\\\🦀","revision":1${odd.front},"time":"${NOW}"${odd.back}`,
      `{"position":2,"commit":[2,2],"stream":"b","revision":1,"id":"2","type":"t","time":"${NOW}","data":"x"}`,
      `{"position":3,"commit":[2,2],"stream":"b","revision":2,"id":"3","type":"t","time":"${NOW}","data":"x"}`,
    ])
  },

  'seam append: the commits of a group are judged each for itself, and answered in order': async ({ backend }) => {
    await fill(backend, [commit('a', ['1', '2'])])
    const group: Commit[] = [
      commit('n1', ['3']),
      commit('a', ['4'], { expect: 'new' }),
      commit('n2', ['1', '2']),
      commit('n3', ['2', '5']),
      { writes: [write('n4', ['6'])], unless: { matcher: [{ stream: 'a' }], after: 0 } },
      commit('n5', ['7', '8'], { expect: 0 }),
    ]
    const outcomes = await backend.append(group, NOW)
    assert.deepEqual(
      outcomes.map(({ kind }) => kind),
      ['written', 'conflict', 'known', 'id-reused', 'conflict', 'written'],
    )
    const places = outcomes.map((outcome) => (outcome.kind === 'written' ? [outcome.first, outcome.last] : []))
    assert.deepEqual(places, [[3, 3], [], [], [], [], [4, 5]])
    assert.equal((await backend.head()).position, 5)
  },

  'seam append: a group of which nothing is written changes nothing': async ({ backend }) => {
    await fill(backend, [commit('a', ['1'])])
    const before = await allLines(backend)
    await backend.append([commit('a', ['2'], { expect: 'new' }), commit('b', ['1'])], '2027-01-01T00:00:00.000Z')
    assert.deepEqual(await allLines(backend), before)
    assert.deepEqual(await backend.head(), { position: 1, time: NOW })
  },

  'seam append: when all ids are known, their lines come back in the order of the commit’s ids': async ({
    backend,
  }) => {
    await fill(backend, [commit('a', ['1', '2', '3']), commit('b', ['4'])])
    const lines = await allLines(backend)
    for (const ids of [
      ['1', '2', '3'],
      ['3', '1'],
      ['4', '2'],
    ]) {
      const outcome = await appendOne(backend, commit('elsewhere', ids, { expect: 'exists' }))
      assert.equal(outcome.kind, 'known')
      assert.deepEqual(
        outcome.lines,
        ids.map((id) => lines[Number(id) - 1]),
      )
    }
  },

  'seam append: when some ids are known, they are named with their places; conditions are not judged': async ({
    backend,
  }) => {
    await fill(backend, [commit('a', ['1', '2', '3'])])
    const outcome = await appendOne(backend, commit('a', ['new', '3', '1'], { expect: 'new' }))
    assert.equal(outcome.kind, 'id-reused')
    assert.deepEqual([...outcome.places].sort(), [
      ['1', 1],
      ['3', 3],
    ])
    assert.equal((await backend.find(['new'])).size, 0)
  },

  'seam append: ids that were not chosen are known afterwards too': async ({ backend }) => {
    await fill(backend, [commit('a', ['made'], { chosen: false })])
    assert.equal((await appendOne(backend, commit('a', ['made']))).kind, 'known')
    assert.deepEqual([...(await backend.find(['made']))], [['made', 1]])
  },

  'seam append: every `expect`, and the actual revision that the write would have met': async ({ backend }) => {
    await fill(backend, [commit('two', ['1', '2'])])
    const judged = async (stream: string, expect: 'new' | 'exists' | number) => {
      const outcome = await appendOne(backend, {
        writes: [write('other', ['x1'], { expect: 'exists' }), write(stream, ['x2'], { expect })],
      })
      assert.equal(outcome.kind, 'conflict')
      return outcome.conflicts
    }
    const always = { kind: 'revision', write: 0, actual: 0 }
    for (const expect of ['new', 0, 1, 3] as const) {
      assert.deepEqual(await judged('two', expect), [always, { kind: 'revision', write: 1, actual: 2 }])
    }
    for (const expect of ['exists', 2] as const) assert.deepEqual(await judged('two', expect), [always])
    for (const expect of ['exists', 1] as const) {
      assert.deepEqual(await judged('none', expect), [always, { kind: 'revision', write: 1, actual: 0 }])
    }
    for (const expect of ['new', 0] as const) assert.deepEqual(await judged('none', expect), [always])
  },

  'seam append: a later write of a commit meets what an earlier one adds': async ({ backend }) => {
    await fill(backend, [commit('a', ['1'])])
    const twice = (expect: number): Commit => ({
      writes: [write('a', ['2', '3']), write('b', ['4']), write('a', ['5'], { expect })],
    })
    const refused = await appendOne(backend, twice(1))
    assert.deepEqual(refused.kind === 'conflict' && refused.conflicts, [{ kind: 'revision', write: 2, actual: 3 }])
    assert.equal((await appendOne(backend, twice(3))).kind, 'written')
  },

  'seam append: `unless` sees what was recorded after it, and gives the last match': async ({ backend }) => {
    await fill(backend, [
      commit('a', ['1'], { type: 'x' }),
      commit('b', ['2'], { tags: ['k:1', 'k:2'] }),
      commit('c', ['3'], { tags: ['k:1'] }),
    ])
    const judged = async (matcher: Matcher, after: number) => {
      const outcome = await appendOne(backend, {
        writes: [write('none', ['new'], { expect: 'exists' })],
        unless: { matcher, after },
      })
      const query = outcome.kind === 'conflict' ? outcome.conflicts.find(({ kind }) => kind === 'query') : undefined
      return query?.actual ?? 0
    }
    assert.deepEqual([await judged([{}], 0), await judged([{}], 2), await judged([{}], 3)], [3, 3, 0])
    assert.deepEqual([await judged([{ tags: ['k:2'] }], 0), await judged([{ tags: ['k:2'] }], 2)], [2, 0])
    assert.deepEqual([await judged([{ tags: ['k:1', 'k:2'] }], 0), await judged([{ types: ['x', 'y'] }], 0)], [2, 1])
    assert.deepEqual([await judged([{ stream: 'a' }, { stream: 'b' }], 0), await judged([], 0)], [2, 0])
    assert.equal((await backend.head()).position, 3)
  },

  'seam append: a guard that has moved is a conflict of its own kind; one that stands is none': async ({ backend }) => {
    await fill(backend, [commit('$contract', ['1', '2'])])
    const guarded = (id: string, guards: Record<string, number>) => appendOne(backend, { ...commit('a', [id]), guards })
    const moved = await guarded('3', { $contract: 1, $privacy: 0 })
    assert.deepEqual(moved.kind === 'conflict' && moved.conflicts, [{ kind: 'guard', stream: '$contract', actual: 2 }])
    assert.equal((await guarded('3', { $contract: 2, $privacy: 0 })).kind, 'written')
  },

  'seam append: the recorded time is `now`, or the head’s if that is later': async ({ backend }) => {
    const times = [
      '2026-01-01T00:00:00.500Z',
      '2026-01-01T00:00:00.499Z',
      '2025-01-01T00:00:00.000Z',
      '2026-01-01T00:00:00.501Z',
    ]
    for (const [i, now] of times.entries()) await fill(backend, [commit('a', [`${i}`])], now)
    const recorded = (await allLines(backend)).map((line) => /"time":"([^"]+)"/.exec(line)?.[1])
    assert.deepEqual(recorded, [times[0], times[0], times[0], times[3]])
    assert.equal((await backend.head()).time, times[3])
  },

  'seam append: a group of many commits is written whole, in its order': async ({ backend }) => {
    const group = range(1, 500).map((i) => commit(`s${i}`, [`${i}-1`, `${i}-2`]))
    const outcomes = await backend.append(group, NOW)
    assert.deepEqual(
      outcomes.map((outcome) => outcome.kind === 'written' && outcome.first),
      range(0, 499).map((i) => 2 * i + 1),
    )
    assert.equal((await allLines(backend)).length, 1000)
  },

  'seam: after `close` nothing is written or answered, and closing again does nothing': async (it) => {
    const { backend } = it
    await fill(backend, [commit('a', ['1'])])
    await backend.close()
    await backend.close()
    await assert.rejects(backend.append([commit('a', ['2'])], NOW))
    await assert.rejects(backend.adopt([]))
    const page = { after: 0, upTo: 1, backwards: false, limit: 1, maxBytes: 1 }
    for (const ask of [
      () => backend.read([{}], page),
      () => backend.find(['1']),
      () => backend.head(),
      () => backend.revision('a'),
    ]) {
      await assert.rejects(ask)
    }
    await it.close()
  },
}
