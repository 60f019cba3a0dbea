/** All rows, in the order of docs/performance.md. */
import { fileAppendBatches, fileAppendConcurrent } from './file-append-grouped.js'
import { fileAppendSingle } from './file-append-single.js'
import { fileOpen } from './file-open.js'
import { fileReadMemory } from './file-read-memory.js'
import { fileReplay, fileReplaySkipping } from './file-replay.js'
import { followLag } from './follow-lag.js'
import { kvPut } from './kv-put.js'
import { memoryAppend } from './memory-append.js'
import type { Row } from './row.js'
import { sealAppend } from './seal-append.js'
import { sealReplay } from './seal-replay.js'
import { shred } from './shred.js'
import { snapshotStart } from './snapshot-start.js'
import { subscribe } from './subscribe.js'

export const rows: readonly Row[] = [
  memoryAppend,
  fileAppendSingle,
  fileAppendConcurrent,
  fileAppendBatches,
  fileReplay,
  fileReplaySkipping,
  fileOpen,
  fileReadMemory,
  subscribe,
  followLag,
  snapshotStart,
  kvPut,
  sealAppend,
  sealReplay,
  shred,
]
