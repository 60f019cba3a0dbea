/** Reading a folder while another process writes to it: up to the head, and creating nothing. */
import { InvariantError } from '../../errors.js'
import type { Backend } from '../protocol.js'

export interface FileObserverOptions {
  readonly folder: string
}

export function openFileObserver(_options: FileObserverOptions): Promise<Backend> {
  throw new InvariantError('not built yet')
}
