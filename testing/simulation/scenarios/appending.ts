/** Appending and reading, with nothing in the way. */
import { append, put, together, type Scenario } from '../scenario.js'
import { read, reopen } from './steps.js'

export const APPENDING: readonly Scenario[] = [
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
