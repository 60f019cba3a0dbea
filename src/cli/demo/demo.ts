/** The demo from beginning to end: import, answer, close, reopen, replay, compare, measure, forget somebody, search. */
import { existsSync, mkdirSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Store } from '../../store.js'
import { isPerdureError } from '../../errors.js'
import { EXIT } from '../exit-codes.js'
import { CommandError } from '../failures.js'
import { commandFrom } from '../invocation.js'
import { importCommits, importHistory, readImported, type ImportResult } from '../git/import.js'
import { holdsAny, inspectRepository, type Repository } from '../git/repository.js'
import type { Io } from '../io.js'
import type { Progress } from '../progress.js'
import { withStore } from '../store-option.js'
import { plural, printable } from '../text.js'
import { answersOf, replayedAnswers, sameAnswers, takeSnapshots, type Answered, type Answers } from './answers.js'
import { noteNewcomers, type Newcomers } from './newcomers.js'
import { describeOblivion, forgetOne, type Deed } from './oblivion.js'
import type { DemoResult } from './report.js'
import { sampleCommits, sampleTruth } from './sample.js'
import { measureSpeed } from './speed.js'
import { askGit, commitsByName, differences, type Truth } from './truth.js'

const ROOT = '.perdure'
/** In a clone of Perdure; elsewhere it is not suggested. */
const EXAMPLE = join('examples', 'busiest-hours.mjs')
const FOLDERS_MAX = 100
const SNAPSHOTS = { snapshots: { keep: 2 } }
const DIFFERENCES_SHOWN = 10

/** A history to import, and what is known of it from elsewhere. */
interface Source {
  readonly kind: 'git' | 'sample'
  readonly title: string
  readonly notes: readonly string[]
  /** The n-th folder to try; the first is the usual one. */
  readonly folder: (n: number) => string
  /** The commits that count. */
  readonly hashes: readonly string[]
  /** Of a history with more commits: how many were asked for. */
  readonly limitedTo?: number
  /** Imports what is missing, unless the log keeps another history: then nothing, and `undefined`. */
  importInto(store: Store): Promise<Written['imported'] | undefined>
  truth(): Promise<Truth>
}

/** @throws CommandError `demo-differs` when the log and git do not agree, `not-intact` when the log is damaged */
export async function runDemo(path: string, max: number, progress: Progress, io: Io): Promise<DemoResult> {
  const found = await inspectRepository(path, max, io.signal)
  const source = 'reason' in found ? sampleSource(found.reason, progress, io) : gitSource(found, progress, io)
  mkdirSync(ROOT, { recursive: true })
  const written = await write(source, progress, io)
  const { folder, imported, newcomers } = written
  progress.stage('closed; opening it again and replaying')
  const proven = await withStore(
    io,
    `file:${folder}`,
    (store) => prove(store, source, written, progress, io),
    SNAPSHOTS,
  )
  progress.stage('closed; searching its files for who is forgotten')
  const oblivion = describeOblivion([folder, keysFolder(folder)], proven.forgotten, proven)
  const { answers, truth, starts, speed, events, root } = proven
  return {
    title: source.title,
    notes: [...source.notes, ...notesOf(written, source)],
    folder,
    ...filesOf(folder),
    events,
    ...countsOf(imported),
    starts,
    newcomers,
    ...ranked(answers, truth),
    names: truth.commits.size,
    ...(oblivion !== undefined && { oblivion }),
    comparedWith: source.kind,
    ...(source.limitedTo !== undefined && { limitedTo: source.limitedTo }),
    speed,
    root,
    command: commandFrom(process.cwd()),
    ...(existsSync(EXAMPLE) && proven.after.contributors.size > 0 && { tryProjection: EXAMPLE }),
  }
}

interface Proven extends Pick<DemoResult, 'starts' | 'speed' | 'events' | 'root'> {
  readonly answers: Answers
  /** After somebody was forgotten. */
  readonly after: Answers
  readonly truth: Truth
  readonly deed: Deed | undefined
  readonly forgotten: ReadonlyMap<string, string>
}

/** Compares, measures, and forgets somebody, where nobody has been forgotten yet. */
async function prove(store: Store, source: Source, written: Written, progress: Progress, io: Io): Promise<Proven> {
  const { folder, answered, imported } = written
  const { among } = answered
  const { answers, efforts } = await replayedAnswers(store, among)
  if ((await store.checkpoint()).root !== written.root || !sameAnswers(answers, answered.answers)) {
    throw new CommandError('demo-differs', 'the log answers differently after it was opened again')
  }
  progress.stage('verifying every line')
  await requireIntact(store, folder)
  progress.stage(source.kind === 'git' ? 'asking git the same questions' : 'comparing with the sample')
  const truth = await source.truth()
  requireNoDifferences(differences(answers, truth, imported.forgotten.keys()), folder)
  progress.stage('measuring against the bare limit')
  const speed = await measureSpeed(store, folder, join(ROOT, `speed-${process.pid}`), io.signal)
  const starts = answered.efforts.map((effort, i) => ({ ...effort, all: efforts[i]?.folded ?? 0 }))
  const proven = { answers, after: answers, truth, starts, speed, deed: undefined, forgotten: imported.forgotten }
  if (imported.forgotten.size > 0) return { ...proven, ...(await endOf(store)) }
  progress.stage('forgetting one author')
  const done = await forgetOne(store, answers, among, truth)
  if (done === undefined) return { ...proven, ...(await endOf(store)) }
  // What was folded with the author in it is gone.
  await takeSnapshots(store, among)
  const { forgotten } = await readImported(store)
  return { ...proven, ...done, forgotten, ...(await endOf(store)) }
}

async function endOf(store: Store): Promise<Pick<DemoResult, 'events' | 'root'>> {
  const { size, root } = await store.checkpoint()
  return { events: size, root }
}

interface Written {
  readonly folder: string
  readonly imported: ImportResult & { readonly others: number; readonly forgotten: ReadonlyMap<string, string> }
  readonly answered: Answered
  readonly newcomers: Newcomers
  readonly root: string
  /** Folders of demos that were begun without keys. */
  readonly unsealed: readonly string[]
}

/** Finds the folder of this history, or a free one, and imports. The store is closed again when this resolves. */
async function write(source: Source, progress: Progress, io: Io): Promise<Written> {
  const unsealed: string[] = []
  for (let n = 1; n <= FOLDERS_MAX; n++) {
    const folder = source.folder(n)
    // Keys of a log that is gone.
    if (!existsSync(folder) && existsSync(keysFolder(folder))) continue
    try {
      const written = await writeInto(folder, source, progress, io)
      if (written !== undefined) return { ...written, unsealed }
    } catch (error) {
      if (!isPerdureError(error) || error.code !== 'keys-unexpected') throw error
      unsealed.push(folder)
    }
  }
  const hint = `Remove some of them, or run the demo in another folder.`
  throw new CommandError('failed', `${ROOT} holds ${FOLDERS_MAX} demos of other repositories already`, { hint })
}

async function writeInto(
  folder: string,
  source: Source,
  progress: Progress,
  io: Io,
): Promise<Omit<Written, 'unsealed'> | undefined> {
  const use = async (store: Store): Promise<Omit<Written, 'unsealed'> | undefined> => {
    const imported = await source.importInto(store)
    if (imported === undefined) return undefined
    progress.stage('answering, from snapshots where there are some')
    return { folder, imported, ...(await answer(source, store, imported.forgotten)) }
  }
  return await withStore(io, `file:${folder}`, use, { ...SNAPSHOTS, create: true, keys: `file:${keysFolder(folder)}` })
}

/** From the snapshots of the run before, and the events since; then takes those of the next. */
async function answer(
  { hashes }: Source,
  store: Store,
  forgotten: ReadonlyMap<string, string>,
): Promise<Pick<Written, 'answered' | 'newcomers' | 'root'>> {
  const answered = await answersOf(store, new Set(hashes), forgotten.size)
  await takeSnapshots(store, answered.among)
  return { answered, newcomers: await noteNewcomers(store), root: (await store.checkpoint()).root }
}

/** Beside the log, where a copy of the log does not copy it. */
const keysFolder = (folder: string): string => `${folder}.keys`

const demoFolder = (n: number): string => join(ROOT, n === 1 ? 'demo' : `demo-${n}`)

function gitSource(repository: Repository, progress: Progress, io: Io): Source {
  const { name, notes, hashes, max } = repository
  const { signal } = io
  return {
    kind: 'git',
    title: `The history of ${name}, in a log that keeps it`,
    notes,
    folder: demoFolder,
    hashes,
    ...(hashes.length === max && { limitedTo: max }),
    importInto: async (store) => {
      const imported = await readImported(store)
      const isOurs = (await store.head()) === 0 || (await holdsAny(repository, imported.commits))
      if (!isOurs) return undefined
      const counted = new Set(hashes)
      const others = [...imported.commits].filter((hash) => !counted.has(hash)).length
      const { forgotten } = imported
      return { ...(await importHistory(store, repository, imported, { progress, signal })), others, forgotten }
    },
    truth: () => askGit(repository, signal),
  }
}

function sampleSource(reason: string, progress: Progress, { signal }: Io): Source {
  const commits = sampleCommits()
  const hashes = commits.map(({ hash }) => hash)
  return {
    kind: 'sample',
    title: 'The history of a shop that never was, in a log that keeps it',
    notes: [`${reason}: this is a generated sample, the same every time.`],
    folder: (n) => join(ROOT, n === 1 ? 'sample' : `sample-${n}`),
    hashes,
    importInto: async (store) => {
      const imported = await readImported(store)
      if ((await store.head()) > 0 && !imported.commits.has(hashes[0] ?? '')) return undefined
      const missing = commits.filter(({ hash }) => !imported.commits.has(hash))
      if (missing.length > 0) progress.stage(`writing ${plural(missing.length, 'generated commit')}`)
      const newEvents = await importCommits(store, missing, imported.authors, { signal })
      const { authors, forgotten } = imported
      const counts = { commits: hashes.length, newCommits: missing.length, newEvents, authors: authors.count }
      return { ...counts, others: 0, forgotten }
    },
    truth: async () => sampleTruth(commits),
  }
}

async function requireIntact(store: Store, folder: string): Promise<void> {
  const { intact, findings } = await store.verify()
  if (intact) return
  throw new CommandError('not-intact', `the log in ${folder} is not intact`, {
    exit: EXIT.notIntact,
    facts: { differences: findings.map(({ message }) => message) },
    hint: `Run perdure doctor --store file:${folder}.`,
  })
}

function requireNoDifferences(found: readonly string[], folder: string): void {
  if (found.length === 0) return
  const more = found.length > DIFFERENCES_SHOWN ? [`and ${found.length - DIFFERENCES_SHOWN} more`] : []
  throw new CommandError('demo-differs', `the log and git do not agree in ${plural(found.length, 'place')}`, {
    facts: { differences: [...found.slice(0, DIFFERENCES_SHOWN), ...more] },
    hint:
      'If .gitattributes or how git counts lines has changed since the import, git now gives other numbers for old ' +
      `commits: remove ${folder} and run the demo again. If not, this is a fault in Perdure; please report it.`,
  })
}

/** Without what only this run needs. */
function countsOf({ forgotten: _forgotten, ...counts }: Written['imported']): ImportResult {
  return counts
}

function notesOf({ folder, imported: { others }, unsealed }: Written, source: Source): string[] {
  const notes: string[] = []
  const usual = source.folder(1)
  if (unsealed.includes(usual)) notes.push(`${usual} was begun without keys and stays as it is; this one is ${folder}.`)
  else if (folder !== usual) notes.push(`${usual} keeps another history, so this one is in ${folder}.`)
  if (others > 0) {
    notes.push(`The log also keeps ${plural(others, 'commit')} that git no longer counts here: older, or rewritten.`)
  }
  return notes.map(printable)
}

function ranked(answers: Answers, truth: Truth): Pick<DemoResult, 'contributors' | 'files' | 'together'> {
  const byCount =
    <T>(count: (item: T) => number) =>
    (a: T, b: T): number =>
      count(b) - count(a)
  return {
    contributors: [...commitsByName(answers, truth)].sort(byCount(([, commits]) => commits)),
    files: [...answers.files].sort(byCount(([, { changes }]) => changes)),
    together: Array.from(answers.pairs, ([pair, times]): [string, string, number] => {
      const [a = '', b = ''] = pair.split('\0')
      return [a, b, times]
    }).sort(byCount(([, , times]) => times)),
  }
}

/** The log's own text: how large it is, and where it begins. */
function filesOf(folder: string): Pick<DemoResult, 'bytes' | 'file'> {
  const segments = join(folder, 'segments')
  const names = readdirSync(segments)
    .filter((name) => name.endsWith('.ndjson'))
    .sort()
  const bytes = names.reduce((sum, name) => sum + statSync(join(segments, name)).size, 0)
  return { bytes, file: join(segments, names[0] ?? '') }
}
