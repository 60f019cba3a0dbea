/** `perdure blob`: large objects, kept outside the log under the address of their bytes. */
import type { Command } from 'commander'
import { createReadStream } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { BLOB_SIZE_MAX_BYTES, type Blobs } from '../../blobs/blobs.js'
import { isPerdureError } from '../../errors.js'
import { blobsAddress, takesBlobs, withBlobs, type BlobsOptions } from '../blobs-option.js'
import { EXIT } from '../exit-codes.js'
import { CommandError } from '../failures.js'
import type { Io } from '../io.js'
import { withObserver, withWriter } from '../store-option.js'
import { grouped, plural, printable } from '../text.js'
import { parseName } from '../values.js'

interface PutOptions extends BlobsOptions {
  readonly mediaType?: string
  readonly subject?: string
}

interface GetOptions extends BlobsOptions {
  readonly out?: string
}

const GROUP_HELP = `
A blob is addressed by its content (a CID: version 1, raw, sha2-256), and events hold
the reference: { "cid": …, "size": …, "mediaType": … }. The same bytes are kept once.

They are kept in the folder that --blobs names; else beside the log, in a folder of
its name with .blobs after it: those of file:./orders are in ./orders.blobs.

Examples:
  perdure blob put invoice.pdf --media-type application/pdf
  perdure blob get bafkreih… --out invoice.pdf`

export function addBlob(program: Command, io: Io): void {
  const group = program
    .command('blob')
    .description('large objects, by content address')
    .addHelpText('after', GROUP_HELP)
  addPut(group, io)
  addGet(group, io)
  addHas(group, io)
}

const PUT_EXAMPLE = `
Example:
  perdure blob put invoice.pdf --media-type application/pdf --json`

function addPut(group: Command, io: Io): void {
  takesBlobs(group.command('put'))
    .description('keep the bytes of a file; durable once it returns')
    .argument('<file>', 'a file, or - for standard input')
    .option('--media-type <type>', 'what the bytes are, for the reference: image/png')
    .option(
      '--subject <subject>',
      'whose key seals them; needs the log, and no other process that has it open',
      parseName,
    )
    .addHelpText('after', PUT_EXAMPLE)
    .action(async (file: string, options: PutOptions) => put(file, options, io))
}

async function put(file: string, options: PutOptions, io: Io): Promise<void> {
  const { mediaType, subject } = options
  const keep = async (blobs: Blobs, address: string): Promise<void> => {
    const bytes = await readBytes(file, io.input)
    const about = { ...(mediaType !== undefined && { mediaType }), ...(subject !== undefined && { subject }) }
    const reference = await blobs.put(bytes, about)
    if (options.json) return io.out.json(reference)
    await io.out.line(`Kept ${plural(reference.size, 'byte')} in ${printable(address)}. For an event:`)
    await io.out.json(reference)
  }
  if (subject === undefined) return await withBlobs(io, options, keep)
  const address = await blobsAddress(io, options)
  await withWriter(io, options, (store) => keep(store.blobs, address), { blobs: address })
}

const GET_HELP = `
The bytes are compared with their address. Exit code 1: there is no such blob, or its
bytes are not those of the address.

Example:
  perdure blob get bafkreih… > invoice.pdf`

function addGet(group: Command, io: Io): void {
  takesBlobs(group.command('get'))
    .description('print the bytes of a blob, or write them to a file')
    .argument('<cid>', 'its address')
    .option('--out <file>', 'to this file, which must not be there yet')
    .addHelpText('after', GET_HELP)
    .action(async (cid: string, options: GetOptions) => get(cid, options, io))
}

async function get(cid: string, options: GetOptions, io: Io): Promise<void> {
  const { out, json } = options
  if (json === true && out === undefined) {
    throw new CommandError('usage', '--json needs --out: bytes are not JSON', { hint: 'Say --out <file>.' })
  }
  await withBlobs(io, options, async (blobs, address) => {
    const bytes = await blobs.get(cid).catch(ifSealed(() => getSealed(cid, address, options, io)))
    if (bytes === undefined) throw notFound(cid, address)
    if (out === undefined) return await printBytes(bytes, io)
    await writeNew(out, bytes)
    if (json) return io.out.json({ cid, size: bytes.length, out })
    await io.out.line(`Wrote ${plural(bytes.length, 'byte')} to ${printable(out)}.`)
  })
}

const HAS_HELP = `
Exit code 0: it is there. 1: it is not. Its bytes are not looked at.

Example:
  perdure blob has bafkreih… && echo kept`

function addHas(group: Command, io: Io): void {
  takesBlobs(group.command('has'))
    .description('say whether a blob is kept')
    .argument('<cid>', 'its address')
    .addHelpText('after', HAS_HELP)
    .action(async (cid: string, options: BlobsOptions) => has(cid, options, io))
}

async function has(cid: string, options: BlobsOptions, io: Io): Promise<void> {
  await withBlobs(io, options, async (blobs, address) => {
    const isThere = await blobs.has(cid)
    io.exit = isThere ? EXIT.done : EXIT.failed
    if (options.json) await io.out.json({ cid, has: isThere })
    else await io.out.line(`${isThere ? 'yes' : 'no'}: ${printable(address)}`)
  })
}

/** Only then is there anything to open the log for. */
function ifSealed<T>(instead: () => Promise<T>): (error: unknown) => Promise<T> {
  return async (error) => {
    if (isPerdureError(error) && error.code === 'key-unavailable') return await instead()
    throw error
  }
}

async function getSealed(cid: string, blobs: string, options: BlobsOptions, io: Io): Promise<Uint8Array | undefined> {
  return await withObserver(io, options, (log) => log.blobs.get(cid), { blobs })
}

function notFound(cid: string, address: string): CommandError {
  const hint = 'Look elsewhere with --blobs file:<folder>.'
  return new CommandError('not-found', `${address} holds no blob ${cid}`, { hint, facts: { cid, blobs: address } })
}

async function readBytes(file: string, input: Readable): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let size = 0
  try {
    for await (const chunk of file === '-' ? input : createReadStream(file)) {
      chunks.push(chunk as Uint8Array)
      size += (chunk as Uint8Array).length
      if (size > BLOB_SIZE_MAX_BYTES) throw new Error(`it is larger than ${grouped(BLOB_SIZE_MAX_BYTES)} bytes`)
    }
  } catch (error) {
    throw fileFailed('read', file, error)
  }
  return Buffer.concat(chunks)
}

/** Never over a file that is there. */
async function writeNew(file: string, bytes: Uint8Array): Promise<void> {
  try {
    await writeFile(file, bytes, { flag: 'wx' })
  } catch (error) {
    throw fileFailed('write', file, error)
  }
}

function fileFailed(deed: 'read' | 'write', file: string, error: unknown): CommandError {
  const why = error instanceof Error ? error.message : String(error)
  return new CommandError('failed', `cannot ${deed} ${file}: ${why}`, deed === 'read' ? { written: 'no' } : {})
}

/** Bytes as they are; on a terminal, which they could steer, only text, with escapes. */
async function printBytes(bytes: Uint8Array, io: Io): Promise<void> {
  if (io.columns === undefined) return await io.out.bytes(bytes)
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new CommandError('failed', 'these bytes are no text, and this is a terminal', {
      hint: 'Say --out <file>, or send them on: > file, or | program.',
    })
  }
  await io.out.lines(text.replace(/\n$/, '').split('\n').map(printable))
}
