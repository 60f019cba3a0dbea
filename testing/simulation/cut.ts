/** I8, on the disk itself: opening cuts only above the head, keeps what it cuts aside, and says so. */
import type { BootStep } from '../../src/backends/protocol.js'
import {
  type HeadOnDisk,
  KV,
  readHead,
  type SegmentOnDisk,
  segmentsOf,
  valuesOf,
  vouchedBytes,
} from './format-reader.js'
import { type DiskImage, sameBytes } from './image.js'
import { assertHolds } from './invariants.js'
import { FOLDER } from './scenario.js'

export function auditCut(before: DiskImage, after: DiskImage, boot: readonly BootStep[]): void {
  const values = valuesOf(before, FOLDER)
  auditFiles(segmentsOf(before, FOLDER), readHead(before, FOLDER), before, after, boot)
  // Those that the head does not name are left from compactions, and may go.
  if (values !== undefined) auditFiles([values], readHead(before, `${FOLDER}/${KV}`), before, after, boot)
}

function auditFiles(
  files: readonly SegmentOnDisk[],
  head: HeadOnDisk | undefined,
  before: DiskImage,
  after: DiskImage,
  boot: readonly BootStep[],
): void {
  for (const segment of files) {
    const { path, bytes } = segment
    const now = after.files.get(path)
    if (now === bytes) continue
    const kept = commonLength(bytes, now ?? new Uint8Array(0))
    const vouched = Math.min(vouchedBytes(head, segment), bytes.length)
    assertHolds('I8', kept >= vouched, () => `${path} was changed at ${kept}, below the ${vouched} bytes of the head`)
    assertHolds('I8', now === undefined || kept >= now.length, () => `${path} holds other bytes at ${kept} than before`)
    if (kept < bytes.length) auditAside(bytes.subarray(kept), path, before, after, boot)
  }
}

function auditAside(
  cut: Uint8Array,
  from: string,
  before: DiskImage,
  after: DiskImage,
  boot: readonly BootStep[],
): void {
  const aside = [...after.files].filter(([path]) => path.startsWith(`${FOLDER}/torn/`))
  const isKept = aside.some(([, bytes]) => sameBytes(bytes, cut))
  assertHolds('I8', isKept, () => `${cut.length} bytes of ${from} were cut and are not kept`)
  const isReported = boot.some(({ found }) => found.includes('torn/'))
  assertHolds('I8', isReported, () => `${cut.length} bytes of ${from} were cut without a word`)
  for (const [path, bytes] of before.files) {
    if (!path.startsWith(`${FOLDER}/torn/`) || path.endsWith('.new')) continue
    assertHolds('I8', sameBytes(bytes, after.files.get(path)), () => `${path} was changed`)
  }
}

function commonLength(a: Uint8Array, b: Uint8Array): number {
  const end = Math.min(a.length, b.length)
  let length = 0
  while (length < end && a[length] === b[length]) length++
  return length
}
