/** Reads lines of the file of current values, each compared with its checksum. */
import { crc32 } from 'node:zlib'
import { readFailed } from './failures.js'
import type { GroupFile } from './group-writer.js'
import { kvCorrupt } from './kv-failures.js'
import type { KvPlace } from './kv-walk.js'

export class KvLines {
  readonly #source: Pick<GroupFile, 'path' | 'file' | 'bytes'>
  readonly #aheadBytes: number
  /** What was read last, and where it begins. */
  #window: Buffer = Buffer.alloc(0)
  #from = 0

  /** `aheadBytes`: so much is read at once, where lines are asked for in their order. */
  constructor(source: Pick<GroupFile, 'path' | 'file' | 'bytes'>, aheadBytes = 0) {
    this.#source = source
    this.#aheadBytes = aheadBytes
  }

  /** Without its newline. @throws PerdureError `kv-corrupt`, `backend-failed` */
  line(key: string, place: KvPlace): Buffer {
    const end = place.offset + place.bytes
    if (place.offset < this.#from || end > this.#from + this.#window.length) this.#read(place)
    const bytes = this.#window.subarray(place.offset - this.#from, end - this.#from)
    const found = crc32(bytes)
    if (bytes.length === place.bytes && found === place.crc32) return bytes
    throw kvCorrupt(`the value of ${JSON.stringify(key)} is not the one that was written`, {
      path: this.#source.path,
      offset: place.offset,
      expected: `crc32 ${place.crc32}`,
      found: bytes.length === place.bytes ? `crc32 ${found}` : 'the end of the file',
    })
  }

  #read({ offset, bytes }: KvPlace): void {
    const { path, file } = this.#source
    const ahead = Math.min(this.#aheadBytes, this.#source.bytes - offset)
    const window = Buffer.allocUnsafe(Math.max(bytes, ahead))
    let length = 0
    try {
      while (length < window.length) {
        const read = file.read(window.subarray(length), window.length - length, offset + length)
        if (read === 0) break
        length += read
      }
    } catch (error) {
      throw readFailed(path, offset, error)
    }
    this.#window = window.subarray(0, length)
    this.#from = offset
  }
}
