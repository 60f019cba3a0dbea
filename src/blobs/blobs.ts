/** `store.blobs`: large objects, and the references to them that events hold. */
import { InvariantError } from '../errors.js'
import type { BlobStore } from './blob-store.js'

/** What stands in an event. */
export interface BlobReference {
  readonly cid: string
  /** In bytes. */
  readonly size: number
  readonly mediaType?: string
}

export class BlobReader {
  constructor(
    protected readonly store: BlobStore | undefined,
    protected readonly assertOpen: (written?: 'no') => void,
  ) {}

  get(_cid: string): Promise<Uint8Array | undefined> {
    throw new InvariantError('not built yet')
  }

  has(_cid: string): Promise<boolean> {
    throw new InvariantError('not built yet')
  }
}

export class Blobs extends BlobReader {
  put(_bytes: Uint8Array, _options: { readonly mediaType?: string } = {}): Promise<BlobReference> {
    throw new InvariantError('not built yet')
  }
}
