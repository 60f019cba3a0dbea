/** Holds a backend that has just been opened to what the model knows. */
import type { Backend, Matcher } from '../../src/backends/protocol.js'
import { PerdureError } from '../../src/errors.js'
import { MerkleTree } from '../../src/integrity/merkle.js'
import { assertHolds, Violation } from './invariants.js'
import { type KvExpectation, NO_VALUES_EXPECTED } from './kv-life.js'
import { naiveRoot } from './merkle.js'
import { type Entry, revisionOf, selects } from './model.js'
import { NO_SNAPSHOTS, type SnapshotExpectation } from './snapshot-life.js'

/** What is known of a log before it is opened. */
export interface Expectation {
  /** Acknowledged, or answered by a backend that had opened it. */
  readonly certain: readonly Entry[]
  /** The group whose outcome nobody knows: there as a whole, or not at all. */
  readonly uncertain: readonly Entry[]
  /** Undefined until an open has succeeded. */
  readonly logId: string | undefined
  readonly values: KvExpectation
  readonly snapshots: SnapshotExpectation
  /** A sync lied: what was acknowledged may be missing at the end, in whole groups. */
  readonly lied?: boolean
}

export const NOTHING_EXPECTED: Expectation = {
  certain: [],
  uncertain: [],
  logId: undefined,
  values: NO_VALUES_EXPECTED,
  snapshots: NO_SNAPSHOTS,
}

/** Everything in the log, as the backend answers it. Throws what the backend throws. */
export async function readAll(backend: Backend, matcher: Matcher = [{}], backwards = false): Promise<string[]> {
  const { position } = await backend.head()
  const lines: string[] = []
  let after = 0
  let upTo = position
  while (after < upTo) {
    const page = await backend.read(matcher, { after, upTo, backwards, limit: 7, maxBytes: 4096 })
    lines.push(...page.lines)
    if (backwards) upTo = page.scannedTo - 1
    else after = page.scannedTo
  }
  return lines
}

/** I1 to I4: which of the possible logs this is. */
export function settle(lines: readonly string[], expectation: Expectation): readonly Entry[] {
  const { certain, uncertain } = expectation
  lines.forEach((line, i) => {
    assertHolds('I4', line.startsWith(`{"position":${i + 1},`), () => `line ${i} is ${line}`)
  })
  const common = Math.min(lines.length, certain.length)
  for (let i = 0; i < common; i++) {
    assertHolds(
      'I1',
      lines[i] === certain[i]?.line,
      () => `${lines[i]} stands where ${certain[i]?.line} was acknowledged`,
    )
  }
  if (lines.length < certain.length) {
    const missing = `${certain.length} were acknowledged, ${lines.length} are there`
    assertHolds('I1', expectation.lied === true, () => missing)
    assertHolds('I2', endsWithCommit(lines), () => `${missing}, and the last commit is not whole`)
    return certain.slice(0, lines.length)
  }
  const rest = lines.slice(certain.length)
  const known = rest.filter((line, i) => line === uncertain[i]?.line).length
  assertHolds('I3', known === rest.length, () => `nobody sent ${rest[known]}`)
  const isWhole = rest.length === 0 || rest.length === uncertain.length
  assertHolds('I2', isWhole, () => `${rest.length} of a group of ${uncertain.length} events are there`)
  return rest.length === 0 ? certain : [...certain, ...uncertain]
}

export function endsWithCommit(lines: readonly string[]): boolean {
  const line = lines.at(-1)
  const commit = line === undefined ? null : /^\{"position":\d+,"commit":\[(\d+),(\d+)\]/.exec(line)
  return commit === null || Number(commit[1]) + Number(commit[2]) - 1 === lines.length
}

/** I1 to I6. `turn` picks which of the slower questions are asked; a campaign asks each of them often. */
export async function auditBackend(
  backend: Backend,
  expectation: Expectation,
  turn: number,
): Promise<readonly Entry[]> {
  const { logId } = expectation
  const lines = await readAll(backend)
  const log = settle(lines, expectation)
  assertHolds('I1', logId === undefined || backend.logId === logId, () => `the log ${logId} is now ${backend.logId}`)
  const head = await backend.head()
  assertHolds(
    'I6',
    head.position === log.length && head.time === log.at(-1)?.time,
    () => `head ${JSON.stringify(head)}`,
  )
  auditRoot(lines)
  await auditIds(backend, log)
  await auditStreams(backend, log)
  if (turn % 4 === 0) await auditSelection(backend, log, turn)
  if (turn % 4 === 1) await auditTimes(backend, log)
  if (turn % 4 === 2) await auditVerify(backend, expectation.lied)
  return log
}

const knownRoots = new Map<string, string>()

function auditRoot(lines: readonly string[]): void {
  const tree = new MerkleTree()
  for (const line of lines) tree.append(line)
  const text = lines.join('\n')
  let root = knownRoots.get(text)
  if (root === undefined) {
    if (knownRoots.size > 2000) knownRoots.clear()
    knownRoots.set(text, (root = naiveRoot(lines)))
  }
  assertHolds('I5', tree.root() === root, () => `${tree.root()} where ${root} belongs`)
}

async function auditIds(backend: Backend, log: readonly Entry[]): Promise<void> {
  const places = await backend.find(['nobody', ...log.map(({ id }) => id)])
  assertHolds('I6', places.size === log.length, () => `${places.size} of ${log.length} ids are found`)
  log.forEach(({ id }, i) => {
    assertHolds('I6', places.get(id) === i + 1, () => `id ${id} is found at ${places.get(id)}, not at ${i + 1}`)
  })
}

async function auditStreams(backend: Backend, log: readonly Entry[]): Promise<void> {
  const names = [...new Set(log.map(({ stream }) => stream))].sort()
  const expected = JSON.stringify(names.map((stream) => ({ stream, revision: revisionOf(log, stream) })))
  const listed = JSON.stringify(await backend.streams('', { after: '', limit: 100 }))
  assertHolds('I6', listed === expected, () => `the streams are ${listed} where ${expected} belongs`)
  for (const stream of [...names, 'nobody']) {
    const revision = await backend.revision(stream)
    assertHolds('I6', revision === revisionOf(log, stream), () => `${stream} is at revision ${revision}`)
  }
}

async function auditSelection(backend: Backend, log: readonly Entry[], turn: number): Promise<void> {
  const entry = log[turn % Math.max(1, log.length)]
  if (entry === undefined) return
  const { stream, type, tags } = entry
  const matchers: readonly Matcher[] = [[{ stream }], [{ types: [type] }], [{ tags }], [{ stream }, { tags }], [{}]]
  const matcher = matchers[turn % matchers.length] ?? [{}]
  const backwards = turn % 8 === 0
  const selected = log.filter((other) => selects(matcher, other)).map(({ line }) => line)
  const expected = (backwards ? selected.reverse() : selected).join('\n')
  const answered = (await readAll(backend, matcher, backwards)).join('\n')
  const place = `${JSON.stringify(matcher)}${backwards ? ' backwards' : ''}`
  assertHolds('I6', answered === expected, () => `${place} selects ${answered} where ${expected} belongs`)
}

async function auditTimes(backend: Backend, log: readonly Entry[]): Promise<void> {
  for (const time of new Set(['2000-01-01T00:00:00.000Z', ...log.map((entry) => entry.time)])) {
    const expected = log.findLastIndex((entry) => entry.time <= time) + 1
    const position = await backend.positionAt(time)
    assertHolds('I6', position === expected, () => `at ${time} the log ends at ${position}, not at ${expected}`)
  }
}

/** An index may be damaged by a crash, as it is not synced: verify may say so. Nothing else may be wrong. */
export async function auditVerify(backend: Backend, lied = false): Promise<void> {
  const { findings } = await backend.verify()
  const mayBe = lied ? ['index-damaged', 'snapshot-malformed'] : ['index-damaged']
  const finding = findings.find(({ code }) => !mayBe.includes(code))
  if (finding?.code === 'backend-failed')
    throw new PerdureError('backend-failed', finding.message, { operation: 'verify' })
  if (finding !== undefined)
    throw new Violation('I7', `verify finds fault with a sound log: ${JSON.stringify(finding)}`)
}
