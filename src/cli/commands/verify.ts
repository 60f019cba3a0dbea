/** `perdure verify`: checks the whole log, line by line. */
import type { Command } from 'commander'
import type { Finding } from '../../backends/protocol.js'
import type { BootReport, Verification } from '../../observer.js'
import { EXIT } from '../exit-codes.js'
import type { Io } from '../io.js'
import { openSeals, type Seals } from '../seals.js'
import { takesStore, withLines, withObserver, withStore, type StoreOptions } from '../store-option.js'
import { grouped, padded, paddedLeft, plural, printable, widthOf } from '../text.js'

interface VerifyOptions extends StoreOptions {
  readonly boot?: boolean
  readonly seals?: boolean
}

const HELP = `
Exit code 0: intact. 5: not intact; each finding names the file, the place, what
was expected and what was found. A broken index is no reason for 5: no answer depends
on it, and --boot makes it again.

It looks on while others write, and changes nothing.

--boot opens the log as a program does, alone, and begins with the boot report: the
steps of opening, in their fixed order, and what each found or did. That may put the
folder in order: an unfinished write that a crash left is moved to torn/, what stands
above the head is settled, missing indexes are made again.

Of a sealed log the lines are checked, which needs no keys: what is in them is not opened.
--seals opens all of it; a seal that was tampered with is a finding.

Examples:
  perdure verify --store file:./orders
  perdure verify --boot --json`

export function addVerify(program: Command, io: Io): void {
  takesStore(program.command('verify'))
    .description('check every line, every mark, the head and the indexes')
    .option('--boot', 'first say what opening the log found and did')
    .option('--seals', 'also open everything that is sealed; needs the keys')
    .addHelpText('after', HELP)
    .action(async (options: VerifyOptions) => verify(options, io))
}

async function verify(options: VerifyOptions, io: Io): Promise<void> {
  const startedMs = performance.now()
  const opening = options.boot === true ? withStore : options.seals === true ? withObserver : withLines
  await opening(io, options, async (log) => {
    const tookMs = Math.round(performance.now() - startedMs)
    const boot = options.boot === true ? { ...log.report(), tookMs } : undefined
    if (boot !== undefined && options.json !== true) {
      await io.out.lines(describeBoot(boot))
      // A check takes its time; how the log was opened can be read meanwhile.
      await io.out.flush()
    }
    const lines = await log.verify()
    const seals = options.seals === true && lines.intact ? await openSeals(log) : undefined
    const report = judged({ ...lines, findings: [...lines.findings, ...(seals?.findings ?? [])] })
    if (!report.intact) io.exit = EXIT.notIntact
    const { findings: _findings, ...sealed } = seals ?? {}
    const more = { ...(boot !== undefined && { boot }), ...(seals !== undefined && { seals: sealed }) }
    if (options.json) return io.out.json({ ...more, ...report })
    await io.out.lines(describe(report, await log.head()))
    if (seals !== undefined) await io.out.line(describeSeals(seals))
  })
}

function describeBoot({ backend, log, head, steps, tookMs }: BootReport & { readonly tookMs: number }): string[] {
  const width = Math.max(0, ...steps.map(({ step }) => widthOf(step)))
  return [
    `Opened in ${grouped(tookMs)} ms: ${backend}, log ${printable(log)}, head ${grouped(head)}.`,
    ...steps.map(
      ({ step, found }, i) => `${paddedLeft(String(i + 1), 4)}. ${padded(step, width)}  ${printable(found)}`,
    ),
  ]
}

/** What is disposable is no part of what has to be intact. */
function judged(report: Verification): Verification {
  return { ...report, intact: report.findings.every(isAboutIndex) }
}

function isAboutIndex({ code }: Finding): boolean {
  return code === 'index-damaged'
}

function describe(report: Verification, head: number): string[] {
  const examined = Object.entries(report.examined).map(([what, count]) => `${what} ${grouped(count)}`)
  return [
    report.intact ? intactLine(report) : 'NOT INTACT.',
    ...(examined.length > 0 ? [`Examined: ${examined.join(', ')}.`] : []),
    ...report.findings.map(describeFinding),
    ...(report.intact ? [`Root: ${report.root}`] : wholeLines(report, head)),
  ]
}

function describeSeals({ opened, shredded, unavailable }: Seals): string {
  const lost = unavailable === 0 ? '' : `; of ${grouped(unavailable)} the key is not at hand`
  return `Seals: ${plural(opened, 'event')} opened; ${grouped(shredded)} forgotten, in whole or in part${lost}.`
}

function intactLine({ events, findings }: Verification): string {
  if (findings.length === 0) return `Intact: ${plural(events, 'event')}.`
  const indexes = findings.length === 1 ? '1 index is broken' : `${grouped(findings.length)} indexes are broken`
  return `Intact: ${plural(events, 'event')}; ${indexes}, which changes no answer, and verify --boot makes it again.`
}

/** Every finding names its file. */
function describeFinding({ code, message, facts }: Finding): string {
  const { path = '' } = facts
  const where = message.includes(String(path)) ? '' : `${printable(String(path))}: `
  return `  ${code}: ${where}${printable(message)}`
}

function wholeLines({ events, findings }: Verification, head: number): string[] {
  if (findings.every(({ code }) => code === 'seal-broken')) {
    return ['Every line is as it was recorded; what is sealed there was changed, or moved, before that.']
  }
  // The lines are checked last, up to the first that cannot be answered for.
  const { position } = findings.at(-1)?.facts ?? {}
  const upTo = events < head ? Math.max(events, Number(position ?? 0) - 1) : head
  const whole = upTo === 0 ? 'No event can be answered for' : `Positions 1 to ${grouped(upTo)} can be answered for`
  return [`${whole}; perdure doctor says what else is whole.`]
}
