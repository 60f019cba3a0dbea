/** `perdure kv`: current values, beside the log and without history. */
import type { Command } from 'commander'
import { isPerdureError, PerdureError } from '../../errors.js'
import { encodeJson, type Json } from '../../json.js'
import type { KvResult } from '../../kv/kv.js'
import { EXIT } from '../exit-codes.js'
import { CommandError } from '../failures.js'
import type { Io } from '../io.js'
import { observesStore, takesStore, withObserver, withWriter, type StoreOptions } from '../store-option.js'
import { grouped, padded, printable, shortened } from '../text.js'
import { parseExpectOfEntry, parseName, readJsonArgument } from '../values.js'

interface WriteOptions extends StoreOptions {
  readonly expect?: number | 'new'
}

interface PutOptions extends WriteOptions {
  readonly subject?: string
}

const GROUP_HELP = `
A value has a key and a revision, which rises with every write. There is no history:
what has to be known later belongs into the log.

Examples:
  perdure kv put profile:ann '{"theme":"dark"}' --expect new
  perdure kv get profile:ann`

export function addKv(program: Command, io: Io): void {
  const group = program.command('kv').description('current values beside the log').addHelpText('after', GROUP_HELP)
  addGet(group, io)
  addPut(group, io)
  addDelete(group, io)
  addList(group, io)
}

function addGet(group: Command, io: Io): void {
  observesStore(group.command('get'))
    .description('print a value, as JSON')
    .argument('<key>', 'its key')
    .addHelpText('after', '\nExit code 1: there is none.\n\nExample:\n  perdure kv get profile:ann')
    .action(async (key: string, options: StoreOptions) => get(key, options, io))
}

async function get(key: string, options: StoreOptions, io: Io): Promise<void> {
  await withObserver(io, options, async (log) => {
    const entry = await log.kv.get(key)
    if (entry === undefined) {
      const hint = 'perdure kv list shows the keys there are.'
      throw new CommandError('not-found', `there is no value under ${JSON.stringify(key)}`, { hint, facts: { key } })
    }
    if (options.json) await io.out.json({ key, ...entry })
    else await io.out.jsonText(encodeJson(entry.value))
  })
}

const PUT_HELP = `
Exit code 3: with --expect, the value is at another revision. Nothing was written.

Examples:
  perdure kv put profile:ann '{"theme":"dark"}'
  perdure kv put rates @rates.json --expect 12    # only if nobody has changed it since
  date +%s | perdure kv put last-run -
  perdure kv put address:k3r7 @address.json --subject customer:k3r7`

function addPut(group: Command, io: Io): void {
  takesStore(group.command('put'))
    .description('set a value; durable once it returns')
    .argument('<key>', 'its key')
    .argument('<value>', 'JSON, @file, or - for standard input')
    .option('--expect <revision|new>', 'only if it is at this revision, or is not there', parseExpectOfEntry)
    .option('--subject <subject>', 'whose key seals it: gone when the subject is forgotten', parseName)
    .addHelpText('after', PUT_HELP)
    .action(async (key: string, value: string, options: PutOptions) => put(key, value, options, io))
}

async function put(key: string, argument: string, options: PutOptions, io: Io): Promise<void> {
  const value = await readValue(argument, io)
  const { subject } = options
  await withWriter(io, options, async (store) => {
    const putOptions = { ...expectOf(options), ...(subject !== undefined && { subject }) }
    const { revision } = written(key, options, await store.kv.put(key, value, putOptions))
    if (options.json) return io.out.json({ key, revision })
    await io.out.line(`${printable(key)} is at revision ${grouped(revision)}.`)
  })
}

const DELETE_HELP = `
Exit code 3: with --expect, the value is at another revision. Nothing was removed.

Example:
  perdure kv delete profile:ann --expect 12`

function addDelete(group: Command, io: Io): void {
  takesStore(group.command('delete'))
    .description('remove a value')
    .argument('<key>', 'its key')
    .option('--expect <revision>', 'only if it is at this revision', parseExpectOfEntry)
    .addHelpText('after', DELETE_HELP)
    .action(async (key: string, options: WriteOptions) => remove(key, options, io))
}

async function remove(key: string, options: WriteOptions, io: Io): Promise<void> {
  await withWriter(io, options, async (store) => {
    const { revision } = written(key, options, await store.kv.delete(key, expectOf(options)))
    if (options.json) return io.out.json({ key, revision })
    const text = revision === 0 ? `There was no value under ${printable(key)}.` : `Removed ${printable(key)}.`
    await io.out.line(text)
  })
}

function addList(group: Command, io: Io): void {
  observesStore(group.command('list'))
    .description('list keys with their values, in the order of their bytes')
    .argument('[prefix]', 'only keys that begin so', '')
    .addHelpText('after', '\nExample:\n  perdure kv list profile:')
    .action(async (prefix: string, options: StoreOptions) => list(prefix, options, io))
}

const KEY_WIDTH = 24

async function list(prefix: string, options: StoreOptions, io: Io): Promise<void> {
  await withObserver(io, options, async (log) => {
    for await (const entry of log.kv.list(prefix)) {
      const { key, value } = entry
      const line = `${padded(printable(key), KEY_WIDTH)}  ${printable(encodeJson(value))}`
      if (options.json) await io.out.json(entry)
      else await io.out.line(io.columns === undefined ? line : shortened(line, io.columns))
    }
  })
}

function expectOf({ expect }: WriteOptions): { readonly expect?: number | 'new' } {
  return expect === undefined ? {} : { expect }
}

/** @throws CommandError `conflict`, as a refused append is one */
function written(key: string, { expect }: WriteOptions, result: KvResult): { readonly revision: number } {
  if (result.ok) return result
  const { actual } = result
  const found = actual === 0 ? 'is not there' : `is at revision ${actual}`
  throw new CommandError('conflict', `${JSON.stringify(key)} ${found}; expected: ${String(expect)}`, {
    facts: { key, expected: expect, actual },
    hint: 'Get the value, decide again, and expect its revision.',
    exit: EXIT.conflict,
    written: 'no',
  })
}

/** What is read as the data of an event is, is here a value. */
async function readValue(argument: string, io: Io): Promise<Json> {
  try {
    return await readJsonArgument(argument, '/value', io.input)
  } catch (error) {
    if (!isPerdureError(error) || error.code !== 'event-invalid') throw error
    const { pointer } = error.facts
    const hint = `Give JSON as the argument itself (text in quotes: '"text"'), as @file, or as - for standard input.`
    throw new PerdureError('kv-invalid', error.message, { pointer }, { hint, cause: error.cause, written: 'no' })
  }
}
