/** Segments that end and begin, and the head that rests. */
import { append, put, type Scenario } from '../scenario.js'
import { idle, read, reopen, segmentBytes } from './steps.js'

export const ROLLING: readonly Scenario[] = [
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
