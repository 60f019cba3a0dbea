/** Holds a log that has been damaged to I7: refused where it must be, whole where it may not be, and never wrong. */
import type { Backend } from '../../src/backends/protocol.js'
import { isPerdureError } from '../../src/errors.js'
import { endsWithCommit, type Expectation, settle } from './audit.js'
import { auditCut } from './cut.js'
import { changedPaths, type DiskImage } from './image.js'
import { assertHolds, Violation } from './invariants.js'
import { readValues, settleValues } from './kv-life.js'
import type { Life } from './life.js'
import { type Entry, revisionOf } from './model.js'
import { FOLDER } from './scenario.js'
import { auditSnapshots } from './snapshot-life.js'
import type { Tolerance } from './tolerance.js'

/** `life` has the damaged disk and has not been opened. */
export async function auditDamaged(life: Life, tolerance: Tolerance, turn: number): Promise<void> {
  const before = life.disk.view()
  let backend: Backend
  try {
    backend = await life.subject.openFileBackend({ ...life.options(), create: turn % 2 === 0 })
  } catch (error) {
    auditRefusal(error, tolerance, life)
    auditUnchanged(before, life.disk.view())
    if (tolerance.headLost && turn % 4 === 0) await auditRepair(life, turn)
    return
  }
  for (const { step, found } of backend.boot) life.mark(`${step}: ${found}`)
  auditCut(before, life.disk.view(), backend.boot)
  const { lines, error } = await readUntilError(backend)
  auditAnswers(lines, life.expectation())
  if (error === undefined) auditComplete(lines, life.expectation(), tolerance)
  else auditRefusal(error, tolerance, life)
  await auditPlaces(backend, life, tolerance)
  const isKnown = await auditValues(backend, life, tolerance)
  const { snapshots } = life.expectation()
  const malformed = await auditSnapshots(backend, snapshots, tolerance.snapshots)
  if (malformed > 0) life.mark('a snapshot: malformed')
  await auditFindings(backend, isKnown || error !== undefined, life, tolerance)
  await backend.close()
}

/** True: refused. */
async function auditValues(backend: Backend, life: Life, tolerance: Tolerance): Promise<boolean> {
  try {
    settleValues(await readValues(backend), life.values.expectation(), tolerance.kvFloor)
    return false
  } catch (error) {
    if (error instanceof Violation) throw error
    auditRefusal(error, tolerance, life)
    return true
  }
}

function auditRefusal(error: unknown, { mayRefuse }: Tolerance, { mark }: Life): void {
  if (!isPerdureError(error)) throw new Violation('I7', `not an error with a code: ${String(error)}`, { cause: error })
  mark(`refused: ${error.code}`)
  if (!mayRefuse) throw new Violation('I7', `refused for no reason: ${error.message}`, { cause: error })
  const isPlaced = 'path' in error.facts && typeof error.facts.path === 'string'
  assertHolds('I7', isPlaced, () => `the refusal names no place: ${error.code}, ${error.message}`)
}

function auditUnchanged(before: DiskImage, after: DiskImage): void {
  const changed = changedPaths(before, after).filter((path) => path !== `${FOLDER}/lock`)
  assertHolds('I7', changed.length === 0, () => `refused, and yet changed: ${changed.join(', ')}`)
}

/** A lost head can be made anew; what the segments hold is then all there, and stays. */
async function auditRepair(life: Life, turn: number): Promise<void> {
  const repaired = life.subject.repairFolder?.(FOLDER, life.disk)
  if (repaired === undefined) return
  life.mark(`repaired: ${repaired.headMade ? 'made a head' : 'nothing to do'}`)
  await life.take(turn % 8 === 0 ? { do: 'power', leaves: 'lose' } : { do: 'reopen' })
}

/** What was answered before an error counts too. */
async function readUntilError(backend: Backend): Promise<{ lines: string[]; error?: unknown }> {
  const lines: string[] = []
  try {
    const { position } = await backend.head()
    for (let after = 0; after < position;) {
      const page = await backend.read([{}], { after, upTo: position, backwards: false, limit: 3, maxBytes: 4096 })
      lines.push(...page.lines)
      after = page.scannedTo
    }
    return { lines }
  } catch (error) {
    return { lines, error }
  }
}

function auditAnswers(lines: readonly string[], { certain, uncertain }: Expectation): void {
  lines.forEach((line, i) => {
    const known = certain[i] ?? uncertain[i - certain.length]
    assertHolds('I7', line === known?.line, () => `${line} was answered where ${known?.line ?? 'nothing'} belongs`)
  })
}

function auditComplete(lines: readonly string[], expectation: Expectation, { floor }: Tolerance): void {
  const { certain } = expectation
  if (lines.length >= certain.length) return void settle(lines, expectation)
  const missing = `${certain.length} were acknowledged, ${lines.length} are there`
  assertHolds('I1', lines.length >= floor, () => missing)
  assertHolds('I2', endsWithCommit(lines), () => `${missing}, and the last commit is not whole`)
}

/** Answers that come from the indexes may be given even where the lines are damaged, as long as they are right. */
async function auditPlaces(backend: Backend, { certain, uncertain, mark }: Life, tolerance: Tolerance): Promise<void> {
  const log = [...certain, ...uncertain]
  try {
    const { position } = await backend.head()
    const there: readonly Entry[] = log.slice(0, position)
    const places = await backend.find(there.map(({ id }) => id))
    there.forEach(({ id }, i) => {
      assertHolds('I6', places.get(id) === i + 1, () => `id ${id} is found at ${places.get(id)}, not at ${i + 1}`)
    })
    for (const stream of new Set(there.map((entry) => entry.stream))) {
      const revision = await backend.revision(stream)
      assertHolds('I6', revision === revisionOf(there, stream), () => `${stream} is at revision ${revision}`)
    }
  } catch (error) {
    if (error instanceof Violation) throw error
    assertHolds(
      'I7',
      tolerance.mayRefuse && isPerdureError(error),
      () => `asking for places fails with ${String(error)}`,
    )
    mark('refused when asked for places')
  }
}

async function auditFindings(backend: Backend, isKnown: boolean, { mark }: Life, tolerance: Tolerance): Promise<void> {
  let found: string | undefined
  try {
    found = (await backend.verify()).findings.find(({ code }) => code !== 'index-damaged')?.message
  } catch (error) {
    assertHolds('I7', isPerdureError(error), () => `verify fails with ${String(error)}`)
    found = String(error)
  }
  if (found !== undefined) mark('verify: finds the damage')
  const isDetected = isKnown || found !== undefined
  assertHolds(
    'I7',
    isDetected || !(tolerance.mustRefuse || tolerance.snapshots.mayBeMalformed),
    () => 'damage below the head was found by nobody',
  )
  const mayFind = tolerance.mayRefuse || tolerance.snapshots.mayBeMalformed
  assertHolds('I7', found === undefined || mayFind, () => `verify finds fault with a sound log: ${found}`)
}
