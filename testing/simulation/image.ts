/** What lies on a disk that nobody uses: folders, files, bytes; and the ways in which it rots. Images are never changed. */

export interface DiskImage {
  readonly folders: ReadonlySet<string>
  /** Path → contents. */
  readonly files: ReadonlyMap<string, Uint8Array>
}

export const EMPTY_IMAGE: DiskImage = { folders: new Set(), files: new Map() }

/** Something that happens to one file of an image at rest. */
export type Damage =
  | { readonly kind: 'flip'; readonly path: string; readonly offset: number; readonly bit: number }
  | { readonly kind: 'truncate'; readonly path: string; readonly size: number }
  | { readonly kind: 'extend'; readonly path: string; readonly bytes: Uint8Array }
  /** Or a folder, with all that is in it. */
  | { readonly kind: 'delete'; readonly path: string }
  /** A misdirected write: good bytes at the wrong place. */
  | {
      readonly kind: 'copy'
      readonly path: string
      readonly from: number
      readonly to: number
      readonly length: number
    }
  /** The file is as it was at some earlier time. */
  | { readonly kind: 'restore'; readonly path: string; readonly bytes: Uint8Array }

export function damageImage(image: DiskImage, damage: Damage): DiskImage {
  const { path } = damage
  if (damage.kind === 'delete') return without(image, path)
  const bytes = damagedBytes(image.files.get(path) ?? new Uint8Array(0), damage)
  return { folders: image.folders, files: new Map(image.files).set(path, bytes) }
}

function without({ folders, files }: DiskImage, path: string): DiskImage {
  const isKept = (one: string): boolean => one !== path && !one.startsWith(`${path}/`)
  return {
    folders: new Set([...folders].filter(isKept)),
    files: new Map([...files].filter(([one]) => isKept(one))),
  }
}

function damagedBytes(bytes: Uint8Array, damage: Exclude<Damage, { kind: 'delete' }>): Uint8Array {
  switch (damage.kind) {
    case 'truncate':
      return bytes.subarray(0, damage.size)
    case 'restore':
      return damage.bytes
    case 'extend': {
      const longer = new Uint8Array(bytes.length + damage.bytes.length)
      longer.set(bytes)
      longer.set(damage.bytes, bytes.length)
      return longer
    }
    case 'flip': {
      const flipped = new Uint8Array(bytes)
      flipped[damage.offset] = (flipped[damage.offset] ?? 0) ^ (1 << damage.bit)
      return flipped
    }
    case 'copy': {
      const copied = new Uint8Array(bytes)
      copied.set(bytes.subarray(damage.from, damage.from + damage.length), damage.to)
      return copied
    }
  }
}

/** Paths whose contents or existence differ between two images. */
export function changedPaths(before: DiskImage, after: DiskImage): readonly string[] {
  const files = new Set([...before.files.keys(), ...after.files.keys()])
  const folders = new Set([...before.folders, ...after.folders])
  return [
    ...[...files].filter((path) => !sameBytes(before.files.get(path), after.files.get(path))),
    ...[...folders].filter((path) => !before.folders.has(path) || !after.folders.has(path)),
  ]
}

export function sameBytes(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  if (a === b) return true
  if (a === undefined || b === undefined || a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}
