/** `perdure subjects`: whom a sealed log is about, and the random names of people. */
import { Option, type Command } from 'commander'
import type { Subject, SubjectStatus } from '../../index.js'
import { CommandError } from '../failures.js'
import type { Io } from '../io.js'
import { observesKeys, takesStore, withObserver, withWriter, type StoreOptions } from '../store-option.js'
import { padded, printable } from '../text.js'
import { parseName, readTextArgument } from '../values.js'

interface ListOptions extends StoreOptions {
  readonly status?: SubjectStatus
}

const GROUP_HELP = `
A subject is whose key seals the data of an event. It is a random name, not a person's
own: perdure subjects pseudonym gives one.

Examples:
  perdure subjects --status shredded
  perdure subjects pseudonym customer - < address.txt`

export function addSubjects(program: Command, io: Io): void {
  const group = program.command('subjects').description('whom a sealed log is about').addHelpText('after', GROUP_HELP)
  addList(group, io)
  addStatus(group, io)
  addPseudonym(group, io)
}

function addList(group: Command, io: Io): void {
  const statuses = ['known', 'shredding', 'shredded']
  observesKeys(group.command('list', { isDefault: true }))
    .description('list them by name, with their entity classes; what subjects alone does')
    .addOption(new Option('--status <status>', 'only these').choices(statuses))
    .addHelpText('after', '\nExample:\n  perdure subjects list --status known --json')
    .action(async (options: ListOptions) => list(options, io))
}

async function list(options: ListOptions, io: Io): Promise<void> {
  await withObserver(io, options, async (log) => {
    for await (const subject of log.subjects.list()) {
      if (options.status !== undefined && options.status !== subject.status) continue
      if (options.json) await io.out.json(subject)
      else await io.out.line(describe(subject))
    }
  })
}

function describe({ subject, status, classes }: Subject): string {
  const named = classes.filter((name) => name !== '')
  return `${padded(status, 9)}  ${printable(subject)}${named.length === 0 ? '' : `  (${printable(named.join(', '))})`}`
}

const STATUS_HELP = `
known: there are keys of it, or it has a random name. shredding: to be forgotten, and not
at its end. shredded: forgotten. unknown: nothing was ever sealed for it.

Example:
  perdure subjects status customer:k3r7`

function addStatus(group: Command, io: Io): void {
  observesKeys(group.command('status'))
    .description('say what is known of one')
    .argument('<subject>', 'its name', parseName)
    .addHelpText('after', STATUS_HELP)
    .action(async (subject: string, options: StoreOptions) => status(subject, options, io))
}

async function status(subject: string, options: StoreOptions, io: Io): Promise<void> {
  await withObserver(io, options, async (log) => {
    const found = await log.subjects.status(subject)
    await (options.json ? io.out.json({ subject, status: found }) : io.out.line(found))
  })
}

const PSEUDONYM_HELP = `
The same name for the same natural key until that subject is forgotten, then a new one. The
natural key is read from standard input or a file, because other users of a machine see
command lines; a line break at its end does not count. It is kept nowhere.

Example:
  perdure subjects pseudonym customer @address.txt --json`

function addPseudonym(group: Command, io: Io): void {
  takesStore(group.command('pseudonym'))
    .description('give the random name for a natural key: an address, a number')
    .argument('<kind>', 'what it is of: customer, author', parseName)
    .argument('<natural>', '@file, or - for standard input')
    .addHelpText('after', PSEUDONYM_HELP)
    .action(async (kind: string, argument: string, options: StoreOptions) => pseudonym(kind, argument, options, io))
}

async function pseudonym(kind: string, argument: string, options: StoreOptions, io: Io): Promise<void> {
  if (argument !== '-' && !argument.startsWith('@')) throw shownToOthers()
  const natural = (await readTextArgument(argument, 'the natural key', io.input)).replace(/\r?\n$/, '')
  await withWriter(io, options, async (store) => {
    const name = await store.subjects.pseudonym(kind, natural)
    await (options.json ? io.out.json({ pseudonym: name }) : io.out.line(printable(name)))
  })
}

/** Its value is not repeated: it may be a person's. */
function shownToOthers(): CommandError {
  const message = 'a natural key does not belong on a command line, which other users see'
  return new CommandError('usage', message, {
    hint: 'Give it on standard input (-), or in a file (@name).',
    written: 'no',
  })
}
