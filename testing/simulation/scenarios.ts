/** About forty scripted lives of a log. Between them they take every way through appending, rolling, closing and opening. */
import { append, expecting, fault, put, type Scenario, TINY_SEGMENT_BYTES, together } from './scenario.js'

const reopen = { do: 'reopen' } as const
const idle = { do: 'idle' } as const
const read = { do: 'read' } as const
const healthy = { do: 'healthy' } as const
const segmentBytes = TINY_SEGMENT_BYTES

const plain: readonly Scenario[] = [
  { name: 'nothing is written', steps: [reopen, read, reopen] },
  { name: 'one event', steps: [append(put('s', 'a1')), read] },
  { name: 'three appends', steps: [append(put('s', 'a1')), append(put('t', 'b1')), append(put('s', 'a2')), read] },
  { name: 'a commit of five', steps: [append(put('s', 'a1 a2 a3 a4 a5')), append(put('s', 'a6')), read] },
  {
    name: 'several streams in one commit',
    steps: [append(together(put('s', 'a1'), put('t', 'b1 b2'), put('s', 'a2'))), append(put('t', 'b3')), read],
  },
  {
    name: 'groups of three commits',
    steps: [
      append(put('s', 'a1'), put('t', 'b1 b2'), put('u', 'c1')),
      append(put('u', 'c2 c3'), put('s', 'a2'), put('t', 'b3')),
      read,
    ],
  },
  {
    name: 'events over several sectors',
    segmentBytes: 4000,
    steps: [
      append(put('s', 'a1', { bytes: 1500 })),
      append(put('s', 'a2')),
      append(put('s', 'a3', { bytes: 700 })),
      read,
    ],
  },
  {
    name: 'tags and types',
    steps: [
      append(put('s', 'a1 a2', { type: 'opened', tags: ['k:1', 'k:2'] }), put('t', 'b1', { tags: ['k:2'] })),
      append(put('t', 'b2', { type: 'closed', tags: ['k:1'] })),
      read,
    ],
  },
  {
    name: 'a clock that goes backwards',
    steps: [
      append(put('s', 'a1')),
      { do: 'append', group: [put('s', 'a2')], now: '2020-01-01T00:00:00.000Z' },
      append(put('t', 'b1')),
      reopen,
      { do: 'append', group: [put('t', 'b2')], now: '2021-01-01T00:00:00.000Z' },
    ],
  },
]

const judged: readonly Scenario[] = [
  {
    name: 'expected revisions, kept and broken',
    steps: [
      append(expecting('new', put('s', 'a1'))),
      append(expecting('new', put('s', 'x1'))),
      append(expecting(1, put('s', 'a2 a3')), expecting('exists', put('t', 'x2'))),
      append(expecting(1, put('s', 'x3'))),
      reopen,
      append(expecting(3, put('s', 'a4'))),
      append(expecting('exists', put('s', 'a5'))),
    ],
  },
  {
    name: 'unless something matches',
    steps: [
      append(put('s', 'a1', { tags: ['seat:1'], unless: { matcher: [{ tags: ['seat:1'] }], after: 0 } })),
      append(put('s', 'x1', { tags: ['seat:1'], unless: { matcher: [{ tags: ['seat:1'] }], after: 0 } })),
      append(put('s', 'a2', { unless: { matcher: [{ tags: ['seat:1'] }], after: 1 } })),
      reopen,
      append(put('t', 'x2', { unless: { matcher: [{ stream: 's', types: ['happened'] }], after: 1 } })),
      append(put('t', 'b1', { unless: { matcher: [{ streamPrefix: 't' }], after: 0 } })),
    ],
  },
  {
    name: 'repeats and reused ids',
    segmentBytes,
    steps: [
      append(put('s', 'a1 a2')),
      append(put('s', 'a1 a2')),
      append(put('s', 'a2 x1')),
      append(put('t', 'b1')),
      append(put('t', 'b2')),
      reopen,
      append(put('s', 'a1 a2')),
      append(put('t', 'x2 b2')),
      append(put('t', 'b3')),
    ],
  },
  {
    name: 'adopted lines',
    segmentBytes,
    steps: [
      { do: 'adopt', commits: [put('s', 'a1'), put('t', 'b1 b2')] },
      append(put('s', 'a2')),
      { do: 'adopt', commits: [put('s', 'a3'), put('s', 'a4'), put('t', 'b3')], wrong: true },
      { do: 'adopt', commits: [put('s', 'a3'), put('s', 'a4'), put('t', 'b3')] },
      reopen,
      { do: 'adopt', commits: [put('u', 'c1 c2 c3')] },
    ],
  },
]

const rolling: readonly Scenario[] = [
  {
    name: 'many segments',
    segmentBytes,
    steps: ['a1', 'a2', 'a3', 'a4', 'a5', 'a6', 'a7']
      .map((id) => append(put('s', id)))
      .concat([append(put('t', 'b1 b2'))]),
  },
  {
    name: 'a commit larger than a segment',
    segmentBytes,
    steps: [append(put('s', 'a1')), append(put('s', 'a2 a3 a4', { bytes: 400 })), append(put('s', 'a5')), read],
  },
  {
    name: 'segments, idle after each append',
    segmentBytes,
    steps: ['a1', 'a2', 'a3', 'a4', 'a5'].flatMap((id) => [append(put('s', id)), idle]),
  },
  {
    name: 'segments, reopened after each append',
    segmentBytes,
    steps: ['a1', 'a2', 'a3', 'a4'].flatMap((id) => [append(put('s', id)), reopen]),
  },
  {
    name: 'an idle sync overtaken by the next append',
    segmentBytes: 1500,
    steps: ['a1', 'a2', 'a3', 'a4'].flatMap((id) => [append(put('s', id)), { do: 'idle', waiting: false } as const]),
  },
  {
    name: 'the head synced at close only',
    syncHead: 'close',
    segmentBytes: 1200,
    steps: ['a1', 'a2', 'a3', 'a4', 'a5'].flatMap((id) => [append(put('s', id)), idle]),
  },
]

/** Dies before the next group is synced. */
const dieBeforeSync = fault({ kind: 'crash-before' }, { on: 'sync', path: 'segments' })
const dieBeforeHead = fault({ kind: 'crash-before' }, { on: 'write', path: 'head' })

const failing: readonly Scenario[] = [
  {
    name: 'the process is killed and another goes on',
    steps: [
      append(put('s', 'a1')),
      append(put('s', 'a2')),
      { do: 'kill' },
      append(put('s', 'a3')),
      { do: 'kill' },
      read,
    ],
  },
  {
    name: 'the power fails after an acknowledgement',
    segmentBytes,
    steps: [
      append(put('s', 'a1')),
      append(put('s', 'a2')),
      { do: 'power', leaves: 'lose' },
      append(put('s', 'a3')),
      read,
    ],
  },
  {
    name: 'the power fails before the head is written',
    steps: [
      append(put('s', 'a1')),
      dieBeforeHead,
      append(put('s', 'a2 a3')),
      { do: 'power', leaves: 'keep' },
      append(put('t', 'b1')),
      dieBeforeHead,
      append(put('t', 'b2')),
      { do: 'kill' },
      append(put('t', 'b3')),
    ],
  },
  {
    name: 'a torn group is set aside',
    steps: [
      append(put('s', 'a1')),
      dieBeforeSync,
      append(put('s', 'a2 a3')),
      { do: 'power', leaves: 'torn' },
      append(put('s', 'a4')),
      reopen,
      append(put('s', 'a5')),
    ],
  },
  {
    name: 'a torn group at the same place twice',
    steps: [
      append(put('s', 'a1')),
      dieBeforeSync,
      append(put('s', 'a2 a3')),
      { do: 'power', leaves: 'torn' },
      dieBeforeSync,
      append(put('s', 'a4')),
      { do: 'power', leaves: 'garbage' },
      append(put('s', 'a5')),
    ],
  },
  {
    name: 'a group of zeros is set aside',
    segmentBytes: 4000,
    steps: [
      append(put('s', 'a1', { bytes: 300 })),
      dieBeforeSync,
      append(put('s', 'a2', { bytes: 900 })),
      { do: 'power', leaves: 'grown' },
      append(put('s', 'a3')),
    ],
  },
  {
    name: 'lost indexes are built again',
    segmentBytes,
    steps: [
      append(put('s', 'a1')),
      append(put('t', 'b1')),
      append(put('s', 'a2')),
      reopen,
      { do: 'power', leaves: 'keep', indexes: 'deleted' },
      append(put('s', 'a3')),
      reopen,
      { do: 'power', leaves: 'keep', indexes: 'emptied' },
      append(put('t', 'b2')),
    ],
  },
  {
    name: 'exchanged indexes are built again',
    segmentBytes,
    steps: [
      append(put('s', 'a1')),
      append(put('t', 'b1')),
      append(put('s', 'a2')),
      reopen,
      { do: 'power', leaves: 'keep', indexes: 'outdated' },
      append(put('s', 'a3')),
      read,
    ],
  },
  {
    name: 'the disk is full, then it is not',
    steps: [
      append(put('s', 'a1')),
      fault({ kind: 'no-space', bytes: 0 }, { on: 'write', path: 'segments', forever: true }),
      append(put('s', 'x1')),
      healthy,
      append(put('s', 'a2')),
      fault({ kind: 'no-space', bytes: 40 }, { on: 'write', path: 'segments' }),
      fault({ kind: 'no-space', bytes: 0 }, { on: 'write', path: 'segments', nth: 2 }),
      append(put('s', 'x2 x3')),
      append(put('s', 'a3')),
    ],
  },
  {
    name: 'the disk is full in the middle of a large group',
    segmentBytes,
    steps: [
      append(put('s', 'a1')),
      fault({ kind: 'no-space', bytes: 900 }, { on: 'write', path: 'segments' }),
      fault({ kind: 'no-space', bytes: 0 }, { on: 'write', path: 'segments', nth: 2 }),
      append(put('s', 'x1 x2 x3', { bytes: 300 })),
      append(put('s', 'a2')),
      append(put('s', 'a3')),
      reopen,
      append(put('s', 'a4')),
    ],
  },
  {
    name: 'the disk is full when a segment begins',
    segmentBytes,
    steps: [
      append(put('s', 'a1')),
      append(put('s', 'a2')),
      fault({ kind: 'no-space', bytes: 0 }, { forever: true }),
      append(put('s', 'a3')),
      append(put('s', 'x1')),
      healthy,
      append(put('s', 'a4')),
      reopen,
      append(put('s', 'a5')),
    ],
  },
  {
    name: 'short writes are continued',
    steps: [
      fault({ kind: 'short', bytes: 17 }, { on: 'write', path: 'segments', nth: 2 }),
      fault({ kind: 'short', bytes: 1 }, { on: 'write', path: 'segments', nth: 3 }),
      append(put('s', 'a1 a2')),
      fault({ kind: 'short', bytes: 100 }, { on: 'write', path: 'head' }),
      append(put('s', 'a3')),
    ],
  },
  {
    name: 'a failed sync closes the log until it is reopened',
    steps: [
      append(put('s', 'a1')),
      fault({ kind: 'fail' }, { on: 'sync', path: 'segments' }),
      append(put('s', 'a2')),
      append(put('s', 'a2')),
      append(put('s', 'x1')),
      read,
      reopen,
      append(put('s', 'a3')),
      { do: 'power', leaves: 'lose' },
      append(put('s', 'a4')),
    ],
  },
  {
    name: 'a failed sync, then the process is killed, then the power fails',
    steps: [
      append(put('s', 'a1')),
      fault({ kind: 'fail' }, { on: 'sync', path: 'segments' }),
      append(put('s', 'a2 a3')),
      { do: 'kill' },
      append(put('s', 'a4')),
      { do: 'power', leaves: 'lose' },
      read,
    ],
  },
  {
    name: 'a failed write closes the log until it is reopened',
    steps: [
      append(put('s', 'a1')),
      fault({ kind: 'fail' }, { on: 'write', path: 'segments' }),
      append(put('s', 'a2')),
      append(put('s', 'x1')),
      read,
      reopen,
      append(put('s', 'a3')),
    ],
  },
  {
    name: 'a failed sync of the head',
    steps: [
      append(put('s', 'a1')),
      fault({ kind: 'fail' }, { on: 'sync', path: 'head' }),
      idle,
      append(put('s', 'x1')),
      read,
      reopen,
      append(put('s', 'a2')),
    ],
  },
  {
    name: 'a failed sync when a segment begins',
    segmentBytes,
    steps: [
      append(put('s', 'a1')),
      append(put('s', 'a2')),
      fault({ kind: 'fail' }, { on: 'sync', path: '.new' }),
      append(put('s', 'a3')),
      append(put('s', 'x1')),
      reopen,
      append(put('s', 'a4')),
      append(put('s', 'a5')),
    ],
  },
  {
    name: 'the head cannot be written',
    steps: [
      append(put('s', 'a1')),
      fault({ kind: 'fail' }, { on: 'write', path: 'head' }),
      append(put('s', 'a2')),
      read,
      reopen,
      append(put('s', 'a3')),
    ],
  },
]

export const SCENARIOS: readonly Scenario[] = [...plain, ...judged, ...rolling, ...failing]

/** Those whose disks are also damaged at rest: between them, every kind of file and every shape of log. */
export const DAMAGED: ReadonlySet<string> = new Set([
  'many segments',
  'groups of three commits',
  'events over several sectors',
  'a torn group at the same place twice',
])
