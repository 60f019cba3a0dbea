/** `perdure repair`: the one decision that only a person can take about a log. */
import type { Command } from 'commander'
import { acceptTail } from '../../repair.js'
import { evidenceOfLoss } from '../doctor/folder.js'
import { CommandError } from '../failures.js'
import type { Io } from '../io.js'
import { folderOf, storeUrl, takesStore, whileLocked, type StoreOptions } from '../store-option.js'
import { grouped, printable } from '../text.js'

interface RepairOptions extends StoreOptions {
  readonly acceptTail?: boolean
}

const HELP = `
The head says how far the log was acknowledged. Where it is lost, a log that was cut
short cannot be told from a whole one. --accept-tail takes the log as far as it can
be read for the whole, makes a new head, and records in the log that you did.

Run perdure doctor first: it says what shows that something is missing. Make a copy of
the folder first.

Example:
  perdure repair --accept-tail --store file:./orders`

export function addRepair(program: Command, io: Io): void {
  takesStore(program.command('repair'))
    .description('accept a log whose head is lost, as far as it can be read')
    .option('--accept-tail', 'yes: what can be read is all there was')
    .addHelpText('after', HELP)
    .action(async (options: RepairOptions) => repair(options, io))
}

async function repair(options: RepairOptions, io: Io): Promise<void> {
  const url = storeUrl(options)
  if (options.acceptTail !== true) {
    throw new CommandError('usage', 'repair does nothing without --accept-tail', {
      hint: 'Read perdure repair --help: it is a decision, not a formality.',
    })
  }
  const folder = folderOf(url)
  if (folder === undefined) throw new CommandError('usage', `${url} is not a folder`, { hint: 'Give file:<folder>.' })
  // Before: opening the log makes its indexes anew.
  const evidence = evidenceOfLoss(folder)
  const { position, setAside, headMade } = await whileLocked(options.wait ?? 0, io.signal, () => acceptTail(folder))
  if (options.json) {
    const more = { ...(setAside !== undefined && { setAside }), ...(evidence.length > 0 && { evidence }) }
    return io.out.json({ store: url, position, headMade, ...more })
  }
  if (!headMade) return await io.out.line(`The head of ${printable(folder)} is valid: there was nothing to repair.`)
  await io.out.line(
    `The log in ${printable(folder)} is accepted up to position ${grouped(position)}; the log itself says so.`,
  )
  for (const sign of evidence) await io.out.line(`Something is missing in what was accepted: ${printable(sign)}.`)
  if (setAside !== undefined) await io.out.line(`What could not be read is kept in ${printable(setAside)}.`)
}
