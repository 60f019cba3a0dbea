/** Where large objects are kept (`--blobs`): a folder of their own, beside that of the log. */
import type { Command } from 'commander'
import { nodePlatform } from '../files/node-platform.js'
import { Blobs } from '../blobs/blobs.js'
import { openBlobs } from '../blobs/open-blobs.js'
import { CommandError } from './failures.js'
import type { Io } from './io.js'
import { folderOf, observesStore, storeUrl, withLines, type StoreOptions } from './store-option.js'

export interface BlobsOptions extends StoreOptions {
  readonly blobs?: string
}

export function takesBlobs(command: Command): Command {
  return observesStore(
    command.option('--blobs <url>', 'where they are: file:<folder>; else the folder of the log, with .blobs after it'),
  )
}

/**
 * Any number of processes may read and put blobs at the same time, so the log is not opened for it.
 *
 * @throws PerdureError `store-missing` and the like where the log does not say where the blobs are, `options-invalid`
 */
export async function withBlobs<T>(
  io: Io,
  options: BlobsOptions,
  use: (blobs: Blobs, address: string) => Promise<T>,
): Promise<T> {
  io.signal.throwIfAborted()
  const address = await blobsAddress(io, options)
  const store = openBlobs(address, nodePlatform.files, folderOf(storeUrl(options)))
  return await use(new Blobs(store, () => io.signal.throwIfAborted(), undefined), address)
}

/** @throws PerdureError as {@link withBlobs} */
export async function blobsAddress(io: Io, options: BlobsOptions): Promise<string> {
  return options.blobs ?? (await besideLog(io, options))
}

/** A log has to be there: else a misspelt name would make a folder that nobody looks for. */
async function besideLog(io: Io, options: StoreOptions): Promise<string> {
  const folder = folderOf(storeUrl(options))
  if (folder === undefined) {
    const hint = 'Give --blobs file:<folder>.'
    throw new CommandError('usage', 'a log in memory has no folder beside which blobs could be', { hint })
  }
  await withLines(io, options, async () => undefined)
  return `file:${folder.replace(/[/\\]+$/, '')}.blobs`
}
