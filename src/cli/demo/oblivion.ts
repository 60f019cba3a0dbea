/** The demo forgets one author, once, in its own log: what is gone then, and that nothing else is. */
import { isDeepStrictEqual } from 'node:util'
import { CommandError } from '../failures.js'
import { forget } from '../forgetting.js'
import type { Store } from '../../store.js'
import type { Among, Contributor } from './projections.js'
import { replayedAnswers, type Answers } from './answers.js'
import { isTelling, searchFiles, type Searched } from './search.js'
import type { Author, Truth } from './truth.js'

/** What was done in this run. */
export interface Deed extends Author {
  readonly subject: string
  /** In how many events the name was read before. */
  readonly readBefore: number
  readonly keys: number
  /** Beside the keys, by kind. */
  readonly removed: Readonly<Record<string, number>>
  /** Lines of the log before, with the root over them, which is the same before and after. */
  readonly lines: number
  readonly root: string
}

/** Of everybody who has been forgotten in this log. */
export interface Oblivion {
  readonly deed?: Deed
  readonly authors: number
  readonly commits: number
  /** Who can still be read, and was before. */
  readonly others: { readonly authors: number; readonly commits: number }
  /** Of the forgotten, how many commits have come since, under a new name. */
  readonly returned: number
  readonly searched: Searched
  /** Names and addresses that were looked for in the files. */
  readonly texts: readonly string[]
}

/** Forgets one author, unless somebody was forgotten before. `answers` are what the log says now, of `among`. */
export async function forgetOne(
  store: Store,
  answers: Answers,
  among: Among,
  truth: Truth,
): Promise<{ readonly deed: Deed; readonly after: Answers } | undefined> {
  const [subject, author] = choose(answers, truth) ?? []
  if (subject === undefined || author === undefined) return undefined
  const { name, email, commits } = author
  const { receipt, lines, rootBefore, rootAfter } = await forget(store, subject, { reason: 'shown by the demo' })
  const after = (await replayedAnswers(store, among)).answers
  if (rootBefore !== rootAfter || !isDeepStrictEqual(after, without(answers, subject))) {
    throw new CommandError('demo-differs', `forgetting ${subject} has changed more than what is about it`)
  }
  const { keys, removed } = receipt
  const deed = { name, email, subject, readBefore: commits, keys: keys.length, removed, lines, root: rootAfter }
  return { deed, after }
}

/**
 * Of those who share neither name nor address with somebody else, so that it is one person, the one with the fewest
 * commits; the same whatever the random names are.
 */
function choose({ contributors }: Answers, { shownName }: Truth): [string, Contributor] | undefined {
  const all = [...contributors]
  const isAlone = ([subject, one]: [string, Contributor]): boolean =>
    all.every(([other, { name, email }]) => {
      return other === subject || (email !== one.email && shownName({ name, email }) !== shownName(one))
    })
  const rank = (entry: [string, Contributor]): readonly [number, number, string] => {
    const { commits, name, email } = entry[1]
    return [isAlone(entry) ? 0 : 1, commits, `${name} <${email}>`]
  }
  return all.map((entry) => ({ entry, rank: rank(entry) })).sort((a, b) => compare(a.rank, b.rank))[0]?.entry
}

function compare(a: readonly (number | string)[], b: readonly (number | string)[]): number {
  const at = a.findIndex((value, i) => value !== b[i])
  return at < 0 ? 0 : (a[at] ?? 0) < (b[at] ?? 0) ? -1 : 1
}

function without(answers: Answers, subject: string): Answers {
  const contributors = new Map(answers.contributors)
  contributors.delete(subject)
  return { ...answers, contributors }
}

/** What there is to say once the log is closed. `forgotten`: commits of the log with the subjects of their authors. */
export function describeOblivion(
  folders: readonly string[],
  forgotten: ReadonlyMap<string, string>,
  { after, truth, deed }: { readonly after: Answers; readonly truth: Truth; readonly deed: Deed | undefined },
): Oblivion | undefined {
  if (forgotten.size === 0) return undefined
  const people = [...forgotten.keys()].flatMap((hash) => truth.authorOf(hash) ?? [])
  const isOneOf = ({ name, email }: Author): boolean => people.some((one) => one.name === name && one.email === email)
  const readable = [...after.contributors.values()]
  const inTheClear = [...after.files.keys()]
  const texts = [...new Set(people.flatMap(({ name, email }) => [name, email]))].filter((text) => {
    return isTelling(text, inTheClear)
  })
  const searched = searchFiles(folders, texts)
  requireNothing(searched)
  return {
    ...(deed !== undefined && { deed }),
    authors: new Set(forgotten.values()).size,
    commits: forgotten.size,
    others: { authors: readable.length, commits: sumOf(readable) },
    returned: sumOf(readable.filter(isOneOf)),
    searched,
    texts,
  }
}

function sumOf(authors: readonly Contributor[]): number {
  return authors.reduce((sum, { commits }) => sum + commits, 0)
}

function requireNothing({ found }: Searched): void {
  if (found.length === 0) return
  throw new CommandError('demo-differs', 'the name or the address of a forgotten author is still readable in a file', {
    facts: { differences: found },
    hint: 'If nobody else has written there, this is a fault in Perdure; please report it.',
  })
}
