/** Conditions, repeats and adopted lines. */
import { append, expecting, put, type Scenario } from '../scenario.js'
import { reopen, segmentBytes } from './steps.js'

export const JUDGING: readonly Scenario[] = [
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
