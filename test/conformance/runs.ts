/** The suite under different circumstances: plain, slow, failing, reopened all the time. */
import { afterAll, test } from 'vitest'
import { testBackend, type BackendSuiteOptions, type BackendUnderTest } from '../../conformance/index.js'
import type { Backend } from '../../src/index.js'
import {
  delayedBackend,
  faultyBackend,
  seededFaults,
  seededRandom,
  seedOfThisRun,
  type SeededRandom,
} from '../../testing/index.js'
import { noteKept, writeExercised } from './exercised.js'
import { reopeningBackend } from './reopening-backend.js'

/** Far above what any case takes, even on a slow disk. */
const CASE_TIMEOUT_MS = 30_000

const seed = seedOfThisRun()

interface Kind {
  readonly name: string
  readonly durable: boolean
  readonly open: () => Promise<BackendUnderTest>
}

/** Registers all runs that make sense for a backend. */
export function runSuite(kind: Kind): void {
  run(kind, 'plain', {})
  run(kind, 'delayed', { wrap: delayedBackend })
  run(kind, 'faults', { faults: (backend, random) => faultyBackend(backend, seededFaults(random, 0.2, FAULTS)) })
  if (kind.durable) run(kind, 'reopened', { wrap: reopeningNowAndThen })
  afterAll(writeExercised)
}

const FAULTS = ['refused', 'lost-before', 'lost-after'] as const

interface Circumstances {
  /** Put around every backend that is opened. */
  readonly wrap?: (backend: Backend, random: SeededRandom, under: BackendUnderTest) => Backend
  readonly faults?: (backend: Backend, random: SeededRandom) => Backend
}

function run({ name, durable, open }: Kind, circumstance: string, { wrap, faults }: Circumstances): void {
  const random = seededRandom(seed)
  const opened = new Set<Backend>()
  const openBackend = async (): Promise<BackendUnderTest> => {
    const under = await open()
    opened.add(under.backend)
    return wrap === undefined ? under : wrapped(under, (backend) => wrap(backend, random.fork(), under))
  }
  const options: BackendSuiteOptions = {
    name: `${name}, ${circumstance}`,
    durable,
    openBackend,
    test: (title, keep) =>
      test(title, { timeout: CASE_TIMEOUT_MS }, async () => {
        opened.clear()
        await replayable(keep)
        for (const backend of [...opened].slice(0, 1)) noteKept(backend, circumstance)
      }),
    ...(faults === undefined ? {} : { faults: (backend) => faults(backend, random.fork()) }),
  }
  testBackend(options)
}

function wrapped(under: BackendUnderTest, wrap: (backend: Backend) => Backend): BackendUnderTest {
  const { reopen } = under
  return {
    ...under,
    backend: wrap(under.backend),
    ...(reopen === undefined ? {} : { reopen: async () => wrap(await reopen()) }),
  }
}

function reopeningNowAndThen(backend: Backend, random: SeededRandom, { reopen }: BackendUnderTest): Backend {
  return reopen === undefined ? backend : reopeningBackend(backend, reopen, random)
}

/** A failure says which seed brought it about. */
async function replayable(keep: () => Promise<void>): Promise<void> {
  try {
    await keep()
  } catch (error) {
    if (error instanceof Error) error.message += `\n(replay: PERDURE_SEED=${seed} npx vitest run test/conformance)`
    throw error
  }
}
