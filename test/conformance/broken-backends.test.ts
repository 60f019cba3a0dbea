/** The suite can fail: each broken backend is caught by the case one would hope for, and a whole one by none. */
import assert from 'node:assert/strict'
import { test } from 'vitest'
import { testBackend, type BackendSuiteOptions } from '../../conformance/index.js'
import { brokenBackends, openRemembering, type BrokenBackend } from './broken-backends.js'

type Cases = ReadonlyMap<string, () => Promise<void>>

/** The suite's cases, kept instead of run. */
function casesOf(broken: BrokenBackend | undefined, knownGaps: BackendSuiteOptions['knownGaps'] = {}): Cases {
  const cases = new Map<string, () => Promise<void>>()
  testBackend({
    name: 'twin',
    knownGaps,
    openBackend: () => Promise.resolve(openRemembering(broken)),
    test: (title, run) => cases.set(title.replace(/^twin: /, ''), run),
  })
  return cases
}

async function outcomeOf(cases: Cases, title: string): Promise<unknown> {
  const run = cases.get(title)
  assert.ok(run, `there is no case with the title: ${title}`)
  return await run().then(
    () => 'kept',
    (error: unknown) => error,
  )
}

for (const [what, broken] of Object.entries(brokenBackends)) {
  test(`suite: a backend that ${what} is caught by "${broken.caughtBy}"`, async () => {
    const caught = await outcomeOf(casesOf(broken), broken.caughtBy)
    assert.ok(caught instanceof Error, 'the broken backend has passed')
    assert.ok(!(caught instanceof TypeError), `it fails by accident: ${caught.stack ?? ''}`)
  })
}

test('suite: the same backend, not broken, is caught by no case', async () => {
  const cases = casesOf(undefined)
  assert.ok(cases.size > 200)
  for (const title of cases.keys()) assert.equal(await outcomeOf(cases, title), 'kept', title)
})

const [gap, broken] = [
  'streams: in the order of their UTF-8 bytes, each with its revision',
  brokenBackends['lists streams in UTF-16 order'],
]

test('suite: a known gap is expected to fail, and says so once it is closed', async () => {
  assert.equal(await outcomeOf(casesOf(broken, { [gap]: 'the engine sorts so' }), gap), 'kept')
  const closed = await outcomeOf(casesOf(undefined, { [gap]: 'the engine sorts so' }), gap)
  assert.match(String(closed), /the gap is closed, unlist it \(it was: the engine sorts so\)/)
})

test('suite: a known gap that names no promise is refused at once', () => {
  assert.throws(() => casesOf(undefined, { 'no such promise': 'a misspelling' }), /names no promise: no such promise/)
})

test('suite: a backend that says otherwise whether it is durable is refused by every case', async () => {
  const cases = new Map<string, () => Promise<void>>()
  testBackend({
    name: 'twin',
    durable: false,
    openBackend: () => Promise.resolve(openRemembering(undefined)),
    test: (title, run) => cases.set(title, run),
  })
  for (const title of [...cases.keys()].slice(0, 3)) assert.match(String(await outcomeOf(cases, title)), /durable/)
})
