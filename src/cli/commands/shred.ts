/** `perdure shred`: makes what is about a subject unreadable, for good. */
import type { Command } from 'commander'
import { confirm } from '../confirmation.js'
import { EXIT } from '../exit-codes.js'
import { CommandError } from '../failures.js'
import { forget, type Forgotten } from '../forgetting.js'
import type { Io } from '../io.js'
import { takesStore, withWriter, type StoreOptions } from '../store-option.js'
import { grouped, plural, printable } from '../text.js'
import { collectNames, parseName } from '../values.js'

interface ShredOptions extends StoreOptions {
  readonly reason?: string
  readonly scope?: readonly string[]
  readonly yes?: boolean
}

const HELP = `
Its keys are destroyed: what they sealed, in events, values, blobs and snapshots, can never
be read again, by anybody. The lines of the log stay as they are, and so does the root
over them: it is printed as it was before, and as it is when they are read again. The
request, the reason and the receipt are recorded, and never sealed.

It cannot be undone, so it asks on a terminal; elsewhere it needs --yes. Interrupted, it goes
on when the log is opened again. Done again, it prints the receipt again.

Examples:
  perdure shred customer:k3r7 --reason 'request 2024-117' --yes
  perdure shred patient:p9x2 --reason 'retention' --scope invoice --yes --json`

export function addShred(program: Command, io: Io): void {
  takesStore(program.command('shred'))
    .description('make what is about a subject unreadable, for good')
    .argument('<subject>', 'its name', parseName)
    .option('--reason <text>', 'why; stays readable, so nothing personal (has to be given)')
    .option('--scope <class>', 'only data of this entity class; may be given again', collectNames)
    .option('--yes', 'do not ask')
    .addHelpText('after', HELP)
    .action(async (subject: string, options: ShredOptions) => shred(subject, options, io))
}

async function shred(subject: string, options: ShredOptions, io: Io): Promise<void> {
  const { reason, scope } = options
  if (reason === undefined) {
    const hint = 'Say why: --reason <text>. See perdure shred --help.'
    throw new CommandError('usage', "required option '--reason <text>' not specified", { hint, written: 'no' })
  }
  const what = scope === undefined ? 'everything' : `what is of ${scope.map(printable).join(', ')}`
  await confirm(io, options, `Make ${what} about ${printable(subject)} unreadable?`)
  await withWriter(io, options, async (store) => {
    const forgotten = await forget(store, subject, { reason, ...(scope !== undefined && { scope }) })
    requireSameRoot(forgotten)
    if (options.json) return io.out.json(forgotten)
    await io.out.lines(describe(subject, forgotten))
  })
}

function requireSameRoot({ rootBefore, rootAfter, lines }: Forgotten): void {
  if (rootBefore === undefined || rootBefore === rootAfter) return
  const message = `the root over the ${lines} lines before has changed from ${rootBefore} to ${rootAfter}`
  throw new CommandError('not-intact', message, { hint: 'Run perdure doctor.', exit: EXIT.notIntact })
}

function describe(subject: string, { receipt, events, lines, rootBefore, rootAfter }: Forgotten): string[] {
  const { position, request, keys, removed } = receipt
  const kinds = Object.entries(removed).filter(([, count]) => count > 0)
  const others = kinds.map(([kind, count]) => `, ${printable(kind)}: ${grouped(count)}`).join('')
  const isNew = rootBefore !== undefined
  return [
    `${printable(subject)} ${isNew ? 'is' : 'was'} forgotten: asked for at position ${grouped(request)}, done at ${grouped(position)}.`,
    `Destroyed: ${plural(keys.length, 'key')}${others}.`,
    `Unreadable for good, in whole or in part: ${plural(events, 'event')}. Their lines stay as they were written.`,
    `Root over the ${plural(lines, 'line')} before: ${rootAfter}${isNew ? ', the same before and after' : ''}.`,
    'What stays readable: names of streams and subjects, types, times, tags, meta, sizes; and the reason.',
    'An older backup of the key store opens it still, until that backup is gone, or its master key is.',
  ]
}
