/** A history that never happened, for machines without one: the same commits every time. */
import { createHash } from 'node:crypto'
import type { FileChange, GitCommit } from '../git/history.js'
import type { Truth } from './truth.js'
import { noTotals, type FileTotals } from './projections.js'

const COMMITS = 600
const SEED = 20260101
const START_MS = Date.UTC(2024, 0, 8, 8)

/** With how likely each is to have made a commit. */
const PEOPLE: readonly (readonly [name: string, weight: number])[] = [
  ['Amara Okafor', 9],
  ['Jonas Lindqvist', 6],
  ['Mei Tanaka', 4],
  ['Rafael Ortiz', 3],
  ['Zoë Martin', 2],
  ['Priya Nair', 1],
]
const PARTS = ['cart', 'catalogue', 'checkout', 'customers', 'orders', 'payments', 'search', 'stock']
const DEEDS = ['Add', 'Correct', 'Rename', 'Simplify', 'Speed up', 'Test']

export function sampleCommits(): readonly GitCommit[] {
  const random = createRandom(SEED)
  let time = START_MS
  return Array.from({ length: COMMITS }, (_, index) => {
    time += Math.floor(random() * 20 * 3600_000)
    return sampleCommit(index, time, random)
  })
}

function sampleCommit(index: number, time: number, random: () => number): GitCommit {
  const name = pickWeighted(random)
  const part = PARTS[Math.floor(random() ** 2 * PARTS.length)] as string
  const deed = DEEDS[Math.floor(random() * DEEDS.length)] as string
  const count = (most: number): number => 1 + Math.floor(random() ** 3 * most)
  const files: FileChange[] = [{ path: `src/${part}.ts`, added: count(80), deleted: count(40) }]
  if (random() < 0.6) files.push({ path: `test/${part}.test.ts`, added: count(60), deleted: count(20) })
  if (random() < 0.2) files.push({ path: `docs/${part}.md`, added: count(30), deleted: count(10) })
  if (random() < 0.05) files.push({ path: `docs/images/${part}.png` })
  return {
    hash: createHash('sha1').update(`perdure sample ${SEED} ${index}`).digest('hex'),
    name,
    email: `${name.split(' ')[0]?.toLowerCase().replace('ë', 'e') ?? ''}@example.org`,
    authored: new Date(time).toISOString(),
    message: `${deed} ${part}`,
    files: files.sort((a, b) => (a.path < b.path ? -1 : 1)),
  }
}

/** What the generator knows of its own commits: the sample's counterpart of asking git. */
export function sampleTruth(commits: readonly GitCommit[]): Truth {
  const byName = new Map<string, number>()
  const files = new Map<string, FileTotals>()
  for (const commit of commits) {
    byName.set(commit.name, (byName.get(commit.name) ?? 0) + 1)
    for (const { path, added, deleted } of commit.files) {
      const totals = files.get(path) ?? noTotals()
      totals.changes++
      totals.added += added ?? 0
      totals.deleted += deleted ?? 0
      if (added === undefined) totals.binary++
      files.set(path, totals)
    }
  }
  const authors = new Map(commits.map(({ hash, name, email }) => [hash, { name, email }]))
  return { commits: byName, files, shownName: ({ name }) => name, authorOf: (hash) => authors.get(hash) }
}

function pickWeighted(random: () => number): string {
  let left = random() * PEOPLE.reduce((sum, [, weight]) => sum + weight, 0)
  const found = PEOPLE.find(([, weight]) => (left -= weight) < 0)
  return found?.[0] ?? PEOPLE[0]?.[0] ?? ''
}

/** mulberry32: small, seeded, good enough for a story. */
function createRandom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
