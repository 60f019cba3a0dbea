/** The answers of the demo's projections, computed together and compared as one value. */
import { isDeepStrictEqual } from 'node:util'
import { defineProjection, type Projection } from '../../index.js'
import type { Store } from '../../store.js'
import {
  changedTogether,
  contributors,
  fileTotals,
  HERE,
  type Among,
  type Contributor,
  type Contributors,
  type FileTotals,
} from './projections.js'

export interface Answers {
  readonly contributors: ReadonlyMap<string, Contributor>
  readonly files: ReadonlyMap<string, FileTotals>
  readonly pairs: ReadonlyMap<string, number>
}

/** What it took to answer one question. */
export interface Effort {
  readonly projection: string
  /** The position of the snapshot that the fold went on from; 0: there was none. */
  readonly snapshot: number
  /** How many events were folded: counted as they came. */
  readonly folded: number
}

export interface Answered {
  readonly answers: Answers
  /** Which commits the answers are about. */
  readonly among: Among
  readonly efforts: readonly Effort[]
}

/**
 * From snapshots, and the events after them. `hashes` are the commits that count; `forgotten` how many commits the log
 * holds whose author cannot be read any more.
 */
export async function answersOf(store: Store, hashes: ReadonlySet<string>, forgotten: number): Promise<Answered> {
  const everybody = await ask(store, contributors(undefined))
  // Then the log holds these commits and no other, and a snapshot is good for the next run too.
  const among = commitsOf(everybody.state) + forgotten === hashes.size ? undefined : hashes
  const who = among === undefined ? everybody : await ask(store, contributors(among))
  const what = await ask(store, fileTotals(among))
  const together = await ask(store, changedTogether(among))
  const answers = toAnswers(who.state, what.state, together.state.pairs)
  return { answers, among, efforts: [who.effort, what.effort, together.effort] }
}

/** The same from the first event on: no snapshot has these names. */
export async function replayedAnswers(store: Store, among: Among): Promise<Omit<Answered, 'among'>> {
  const who = await ask(store, unsaved(contributors(among)))
  const what = await ask(store, unsaved(fileTotals(among)))
  const together = await ask(store, unsaved(changedTogether(among)))
  const answers = toAnswers(who.state, what.state, together.state.pairs)
  return { answers, efforts: [who.effort, what.effort, together.effort] }
}

/** For the next start. */
export async function takeSnapshots(store: Store, among: Among): Promise<void> {
  await store.snapshots.take(contributors(among))
  await store.snapshots.take(fileTotals(among))
  await store.snapshots.take(changedTogether(among))
}

export function sameAnswers(a: Answers, b: Answers): boolean {
  return isDeepStrictEqual(a, b)
}

/** The projection under a name by which nothing is saved. */
export function unsaved<State>(projection: Projection<State>): Projection<State> {
  return defineProjection<State>({ ...projection, name: `${projection.name}-from-the-first-event` })
}

async function ask<State>(
  store: Store,
  projection: Projection<State>,
): Promise<{ readonly state: State; readonly effort: Effort }> {
  const { name, version } = projection
  const saved = (await store.snapshots.list(name)).filter((snapshot) => snapshot.version === version)
  let folded = 0
  const { state } = await store.project(counting(projection, () => folded++))
  return { state, effort: { projection: name, snapshot: saved.at(-1)?.position ?? 0, folded } }
}

function counting<State>(projection: Projection<State>, count: () => void): Projection<State> {
  const handlers = Object.entries(projection.on).map(([type, handle]): [string, typeof handle] => {
    const counted: typeof handle = (state, event) => {
      count()
      return handle(state, event)
    }
    return [type, counted]
  })
  return defineProjection<State>({ ...projection, on: Object.fromEntries(handlers) })
}

function commitsOf(authors: Contributors): number {
  return Object.values(authors).reduce((sum, { commits }) => sum + commits, 0)
}

function toAnswers(
  authors: Contributors,
  files: Readonly<Record<string, FileTotals>>,
  pairs: Readonly<Record<string, number>>,
): Answers {
  return {
    contributors: new Map(Object.entries(authors)),
    files: new Map(Object.entries(files).map(([path, totals]) => [path.slice(HERE.length), totals])),
    pairs: new Map(Object.entries(pairs)),
  }
}
