/** Current values and snapshots: put, deleted, compacted, torn, refused. */
import type { PutSpec } from '../kv-model.js'
import { append, fault, put as commit, type Scenario, type Step } from '../scenario.js'
import { healthy, idle, read, reopen, segmentBytes } from './steps.js'

const kvCompactionBytes = 700

/** `a=1 b=2 c-`: `c` is deleted. All at the same time. */
function put(text: string, more: Omit<PutSpec, 'key' | 'value'> = {}): Step {
  const puts = text.split(' ').map((one): PutSpec => {
    const [key = '', value] = one.endsWith('-') ? [one.slice(0, -1)] : one.split('=')
    return { key, ...(value === undefined ? {} : { value }), ...more }
  })
  return { do: 'put', puts }
}

const meanwhile = (id: string, key: string): Step => ({
  do: 'meanwhile',
  group: [commit('s', id)],
  puts: [{ key, value: id }],
})

const take = (key: string, position: number): Step => ({ do: 'snapshot', key, position })
const remove = (key: string, position: number): Step => ({ do: 'snapshot', key, position, remove: true })

const dieBeforeSync = fault({ kind: 'crash-before' }, { on: 'sync', path: '/kv/0' })
const dieBeforeHead = fault({ kind: 'crash-before' }, { on: 'write', path: '/kv/head' })
const dieBeforeRemoving = fault({ kind: 'crash-before' }, { on: 'remove', path: '/kv/0' })
/** Two values of some length, put again and again: every second put compacts. */
const fill = put('a=1 b=2', { bytes: 150 })
const overfill = put('a=3', { bytes: 150 })

export const VALUES: readonly Scenario[] = [
  {
    name: 'values put alone and together, and deleted',
    steps: [
      put('a=1'),
      put('a=2 b=1 c=1'),
      put('b-'),
      put('nobody-'),
      put('c=2 c- c=3'),
      reopen,
      put('a- c-'),
      put('d=1'),
    ],
  },
  {
    name: 'values with conditions, kept and broken',
    steps: [
      put('a=1', { expect: 'new' }),
      put('a=2', { expect: 'new' }),
      put('a=2 a=3', { expect: 1 }),
      put('a-', { expect: 1 }),
      reopen,
      put('a-', { expect: 2 }),
      put('a=4', { expect: 3 }),
      put('a=4 b=1', { expect: 'new' }),
    ],
  },
  {
    name: 'values are compacted',
    kvCompactionBytes,
    steps: [
      fill,
      overfill,
      append(commit('s', 'e1')),
      put('a=4 b-', { bytes: 150 }),
      put('c=1'),
      overfill,
      reopen,
      put('a=6'),
    ],
  },
  {
    name: 'values are all deleted, compacted, reopened',
    kvCompactionBytes: 300,
    steps: [
      put('a=1 b=1', { bytes: 60 }),
      put('a- b-'),
      put('c=1'),
      put('c-'),
      reopen,
      put('c=2', { expect: 'new' }),
      put('c-'),
      put('d=1'),
    ],
  },
  {
    name: 'values and events at the same time',
    segmentBytes,
    kvCompactionBytes,
    steps: [
      meanwhile('a1', 'k'),
      meanwhile('a2', 'k'),
      idle,
      meanwhile('a3', 'l'),
      { do: 'power', leaves: 'lose' },
      meanwhile('a4', 'k'),
    ],
  },
  { name: 'values that rot while they are open', steps: [put('a=1 b=2'), { do: 'rot' }, put('c=3')] },
  {
    name: 'a torn group of values at the same place twice',
    steps: [
      put('a=1'),
      dieBeforeSync,
      put('a=2 b=2'),
      { do: 'power', leaves: 'torn' },
      dieBeforeSync,
      put('a=3'),
      { do: 'power', leaves: 'garbage' },
      put('a=4'),
      dieBeforeHead,
      put('b=5'),
      { do: 'power', leaves: 'keep' },
      put('c=6'),
    ],
  },
  {
    name: 'a compaction is killed before the head, then before the old file is removed',
    kvCompactionBytes,
    steps: [
      fill,
      overfill,
      dieBeforeHead,
      overfill,
      { do: 'kill' },
      overfill,
      dieBeforeRemoving,
      overfill,
      { do: 'kill' },
      put('c=1'),
      overfill,
      dieBeforeRemoving,
      overfill,
      overfill,
      { do: 'power', leaves: 'keep' },
      put('d=1'),
    ],
  },
  {
    name: 'values on a full disk, then not',
    kvCompactionBytes,
    steps: [
      fault({ kind: 'no-space', bytes: 0 }, { forever: true }),
      put('x=1'),
      healthy,
      fill,
      fault({ kind: 'no-space', bytes: 60 }, { on: 'write', path: '/kv/0' }),
      fault({ kind: 'no-space', bytes: 0 }, { on: 'write', path: '/kv/0', nth: 2 }),
      put('x=2'),
      healthy,
      overfill,
      fault({ kind: 'no-space', bytes: 0 }, { on: 'write', path: '.ndjson.new', forever: true }),
      overfill,
      healthy,
      fault({ kind: 'short', bytes: 17 }, { on: 'write', path: '/kv/0', nth: 2 }),
      overfill,
      reopen,
      put('b=7'),
    ],
  },
  {
    name: 'a compacted file that got no put is not compacted again',
    kvCompactionBytes: 1,
    steps: [
      put('a=1'),
      put('a-'),
      fault({ kind: 'no-space', bytes: 0 }, { on: 'write', path: '.ndjson', nth: 3, forever: true }),
      put('b=1'),
      healthy,
      put('b=2'),
      put('b=3'),
      reopen,
      put('b=4'),
    ],
  },
  {
    name: 'a failed sync closes the values, not the log',
    steps: [
      put('a=1'),
      fault({ kind: 'fail' }, { on: 'sync', path: '/kv/0' }),
      put('a=2'),
      put('a=2'),
      put('a-', { expect: 7 }),
      append(commit('s', 'e1')),
      read,
      reopen,
      put('a=3'),
      { do: 'power', leaves: 'lose' },
      put('a=4'),
    ],
  },
  {
    name: 'a failed sync of the head of the values, when idle and when compacted',
    kvCompactionBytes,
    steps: [
      put('a=1'),
      fault({ kind: 'fail' }, { on: 'sync', path: '/kv/head' }),
      idle,
      put('x=1'),
      append(commit('s', 'e1')),
      reopen,
      fill,
      overfill,
      fault({ kind: 'fail' }, { on: 'sync', path: '/kv/head' }),
      overfill,
      { do: 'kill' },
      put('b=8'),
      { do: 'power', leaves: 'lose' },
      put('b=9'),
    ],
  },
  {
    name: 'snapshots are taken and removed',
    steps: [
      append(commit('s', 'a1')),
      take('p', 1),
      append(commit('s', 'a2')),
      take('p', 2),
      take('p', 2),
      take('q', 2),
      remove('p', 1),
      reopen,
      take('p', 1),
      remove('q', 2),
      { do: 'power', leaves: 'lose' },
      take('q', 2),
    ],
  },
  {
    name: 'a snapshot is taken again after a kill, then the power fails',
    steps: [
      fault({ kind: 'crash-before' }, { on: 'syncFolder', path: '/snapshots/' }),
      take('p', 1),
      { do: 'kill' },
      take('p', 1),
      { do: 'power', leaves: 'lose' },
      fault({ kind: 'fail' }, { on: 'syncFolder', path: '/snapshots/' }),
      take('p', 2),
      take('p', 2),
      { do: 'power', leaves: 'lose' },
      fault({ kind: 'no-space', bytes: 20 }, { on: 'write', path: '/snapshots/' }),
      fault({ kind: 'no-space', bytes: 0 }, { on: 'write', path: '/snapshots/', nth: 2 }),
      take('p', 3),
      take('p', 3),
    ],
  },
]
