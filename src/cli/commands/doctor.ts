/** `perdure doctor`: what is wrong with a log's folder, and what to do about it. */
import type { Command } from 'commander'
import { setTimeout } from 'node:timers/promises'
import { examineFolder, type Examination } from '../doctor/folder.js'
import type { Finding } from '../doctor/finding.js'
import { examineKeys } from '../doctor/keys.js'
import { EXIT, type ExitCode } from '../exit-codes.js'
import type { Io } from '../io.js'
import { folderOf, keysOf, storeUrl, takesStore, type StoreOptions } from '../store-option.js'
import { padded, plural, printable } from '../text.js'

const HELP = `
Changes nothing, whatever it finds. Exit code 0: nothing is wrong. 1: the log cannot
be opened, or a subscription not go on. 5: it is damaged; then it says which positions
are still whole.

Example:
  perdure doctor --store file:./orders`

export function addDoctor(program: Command, io: Io): void {
  takesStore(program.command('doctor'))
    .description('say what is wrong with the folder of a log, and what to do')
    .addHelpText('after', HELP)
    .action(async (options: StoreOptions) => doctor(options, io))
}

async function doctor(options: StoreOptions, io: Io): Promise<void> {
  const url = storeUrl(options)
  const folder = folderOf(url)
  const { findings, whole } = folder === undefined ? { findings: [] } : await examineAll(folder, options, io)
  const problems = findings.filter(({ level }) => level === 'problem')
  io.exit = exitOf(problems)
  if (options.json) return io.out.json({ store: url, well: problems.length === 0, ...(whole && { whole }), findings })
  if (folder === undefined) return io.out.line(`${printable(url)} keeps nothing on disk: there is nothing to examine.`)
  await io.out.line(printable(folder))
  for (const finding of findings) await io.out.lines(describe(finding))
  await io.out.line(problems.length === 0 ? 'Nothing is wrong.' : `${plural(problems.length, 'problem')}.`)
}

/** The keys last: where the log is damaged, nobody can say whose they are. */
async function examineAll(folder: string, options: StoreOptions, io: Io): Promise<Examination> {
  const examination = await examineWhenFree(folder, options, io)
  const { findings } = examination
  if (findings.some(({ level, code }) => level === 'problem' && code !== 'store-locked')) return examination
  return { ...examination, findings: [...findings, ...(await examineKeys(folder, keysOf(options).keys))] }
}

/** With `--wait`, once nobody has the log open. */
async function examineWhenFree(folder: string, options: StoreOptions, io: Io): Promise<Examination> {
  const endMs = performance.now() + (options.wait ?? 0)
  for (;;) {
    const examination = examineFolder(folder)
    const isLocked = examination.findings.some(({ code }) => code === 'store-locked')
    if (!isLocked || performance.now() >= endMs) return examination
    await setTimeout(RETRY_MS, undefined, { signal: io.signal })
  }
}

const RETRY_MS = 200

const LABELS = { ok: 'ok', note: 'note', problem: 'WRONG' } as const

function describe({ level, code, message, hint }: Finding): string[] {
  const label = padded(LABELS[level], 7)
  const first = `  ${label}${printable(message)}${code === undefined ? '' : ` (${code})`}`
  return hint === undefined ? [first] : [first, `${' '.repeat(9)}${printable(hint)}`]
}

const DAMAGED: ReadonlySet<string> = new Set(['log-corrupt', 'head-missing', 'kv-corrupt'])

function exitOf(problems: readonly Finding[]): ExitCode {
  if (problems.length === 0) return EXIT.done
  const isDamaged = problems.some(({ code = '' }) => DAMAGED.has(code))
  return isDamaged ? EXIT.notIntact : EXIT.failed
}
