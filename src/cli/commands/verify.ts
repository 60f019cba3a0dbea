/** `perdure verify`: checks the whole log, line by line. */
import type { Command } from 'commander'
import type { BootReport, Verification } from '../../observer.js'
import { EXIT } from '../exit-codes.js'
import type { Io } from '../io.js'
import { storeUrl, takesStore, withStore, type StoreOptions } from '../store-option.js'
import { grouped, padded, plural, printable, widthOf } from '../text.js'

interface VerifyOptions extends StoreOptions {
  readonly boot?: boolean
}

const HELP = `
Exit code 0: intact. 5: not intact; each finding names the file, the place, what
was expected and what was found.

--boot begins with the boot report: the steps of opening, in their fixed order, and
what each found or did.

Examples:
  perdure verify --store file:./orders
  perdure verify --boot --json`

export function addVerify(program: Command, io: Io): void {
  takesStore(program.command('verify'))
    .description('check every line, every mark, the head and the indexes')
    .option('--boot', 'first say what opening the log found and did')
    .addHelpText('after', HELP)
    .action(async (options: VerifyOptions) => verify(options, io))
}

async function verify(options: VerifyOptions, io: Io): Promise<void> {
  const startedMs = performance.now()
  await withStore(io, storeUrl(options), async (store) => {
    const tookMs = Math.round(performance.now() - startedMs)
    const boot = options.boot === true ? { ...store.report(), tookMs } : undefined
    if (boot !== undefined && options.json !== true) {
      await io.out.lines(describeBoot(boot))
      // A check takes its time; how the log was opened can be read meanwhile.
      await io.out.flush()
    }
    const report = await store.verify()
    if (!report.intact) io.exit = EXIT.notIntact
    if (options.json) return io.out.json({ ...(boot !== undefined && { boot }), ...report })
    await io.out.lines(describe(report))
  })
}

function describeBoot({ backend, log, head, steps, tookMs }: BootReport & { readonly tookMs: number }): string[] {
  const width = Math.max(0, ...steps.map(({ step }) => widthOf(step)))
  return [
    `Opened in ${grouped(tookMs)} ms: ${backend}, log ${printable(log)}, head ${grouped(head)}.`,
    ...steps.map(({ step, found }, i) => `  ${i + 1}. ${padded(step, width)}  ${printable(found)}`),
  ]
}

function describe(report: Verification): string[] {
  const examined = Object.entries(report.examined).map(([what, count]) => `${what} ${grouped(count)}`)
  return [
    report.intact ? `Intact: ${plural(report.events, 'event')}.` : 'NOT INTACT.',
    ...(examined.length > 0 ? [`Examined: ${examined.join(', ')}.`] : []),
    ...report.findings.map(({ code, message }) => `  ${code}: ${printable(message)}`),
    ...(report.intact ? [`Root: ${report.root}`] : []),
  ]
}
