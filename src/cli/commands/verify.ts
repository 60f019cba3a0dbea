/** `perdure verify`: checks the whole log, line by line. */
import type { Command } from 'commander'
import { EXIT } from '../exit-codes.js'
import type { Io } from '../io.js'
import { storeUrl, takesStore, withStore, type StoreOptions } from '../store-option.js'
import { grouped, plural, printable } from '../text.js'

const HELP = `
Exit code 0: intact. 5: not intact; each finding names the file, the place, what
was expected and what was found.

Example:
  perdure verify --store file:./orders`

export function addVerify(program: Command, io: Io): void {
  takesStore(program.command('verify'))
    .description('check every line, every mark, the head and the indexes')
    .addHelpText('after', HELP)
    .action(async (options: StoreOptions) => verify(options, io))
}

async function verify(options: StoreOptions, io: Io): Promise<void> {
  await withStore(io, storeUrl(options), async (store) => {
    const report = await store.verify()
    if (!report.intact) io.exit = EXIT.notIntact
    if (options.json) return io.out.json(report)
    const examined = Object.entries(report.examined).map(([what, count]) => `${what} ${grouped(count)}`)
    await io.out.line(report.intact ? `Intact: ${plural(report.events, 'event')}.` : 'NOT INTACT.')
    if (examined.length > 0) await io.out.line(`Examined: ${examined.join(', ')}.`)
    for (const { code, message } of report.findings) await io.out.line(`  ${code}: ${printable(message)}`)
    if (report.intact) await io.out.line(`Root: ${report.root}`)
  })
}
