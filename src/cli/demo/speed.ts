/** How fast the log is on this machine, as a ratio to the bare limit: measured in turns, in the same run. */
import { closeSync, fdatasyncSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { NewEvent, RecordedEvent } from '../../events.js'
import { open } from '../../index.js'
import type { Store } from '../../store.js'
import { unsaved } from './answers.js'
import { contributors } from './projections.js'

export interface Speed {
  /** Events sealed and appended one at a time, each durable before the next, against bare write + fdatasync of the same bytes. */
  readonly append: number
  /** All of the log unsealed and replayed to say who contributed, against bare read + JSON.parse of every line; absent for a small log. */
  readonly replay?: number
}

/** A smaller log is gone through again, under other ids. */
const APPENDS = 400
const SLICE_LENGTH = 20
const BUDGET_MS = 3000
const REPLAY_MIN_EVENTS = 2000
const REPLAY_PAIRS = 8

/** @param scratch a folder that does not exist yet, on the disk that the log is on; removed again */
export async function measureSpeed(store: Store, folder: string, scratch: string, signal: AbortSignal): Promise<Speed> {
  const remove = (): void => rmSync(scratch, { recursive: true, force: true })
  mkdirSync(scratch, { recursive: true })
  // At once, because after Ctrl-C nobody waits for what is under way here.
  signal.addEventListener('abort', remove)
  try {
    const append = await measureAppend(await firstEvents(store), scratch, signal)
    if ((await store.head()) < REPLAY_MIN_EVENTS) return { append }
    return { append, replay: await measureReplay(store, folder, signal) }
  } finally {
    signal.removeEventListener('abort', remove)
    remove()
  }
}

interface Sample {
  readonly stream: string
  readonly event: NewEvent
  readonly bytes: Uint8Array
}

/** The first events of the log, both as calls and as the bytes that were stored. */
async function firstEvents(store: Store): Promise<Sample[]> {
  const found: { readonly event: RecordedEvent; readonly line: string }[] = []
  const lines = store.lines({ limit: APPENDS })[Symbol.asyncIterator]()
  for await (const event of store.read({ limit: APPENDS })) {
    const line = await lines.next()
    // What is Perdure's own nobody can append.
    if (line.done !== true && !event.stream.startsWith('$')) found.push({ event, line: line.value })
  }
  return Array.from({ length: found.length === 0 ? 0 : APPENDS }, (_, i): Sample => {
    const { event, line } = found[i % found.length] as (typeof found)[number]
    const round = i < found.length ? '' : `~${Math.floor(i / found.length)}`
    return { stream: event.stream, event: newEventOf(event, round), bytes: Buffer.from(`${line}${round}\n`) }
  })
}

function newEventOf(event: RecordedEvent, round: string): NewEvent {
  const { id, type, version, occurred, tags, meta, data, subject } = event
  const optional = { ...(occurred !== undefined && { occurred }), ...(subject !== undefined && { subject }) }
  return { id: id + round, type, version, tags, meta, data, ...optional }
}

async function measureAppend(samples: readonly Sample[], scratch: string, signal: AbortSignal): Promise<number> {
  const store = await open(`file:${join(scratch, 'log')}`, { create: true, keys: `file:${join(scratch, 'keys')}` })
  await makeKeys(store, samples)
  const file = openSync(join(scratch, 'bare'), 'w')
  const ours = async (slice: readonly Sample[]): Promise<void> => {
    for (const { stream, event } of slice) await store.append(stream, event)
  }
  const bare = async (slice: readonly Sample[]): Promise<void> => {
    for (const { bytes } of slice) {
      writeSync(file, bytes)
      fdatasyncSync(file)
    }
  }
  try {
    const slices = Array.from({ length: Math.ceil(samples.length / SLICE_LENGTH) }, (_, i) =>
      samples.slice(i * SLICE_LENGTH, (i + 1) * SLICE_LENGTH),
    )
    return await medianRatio(
      slices.map((slice) => [() => ours(slice), () => bare(slice)]),
      signal,
    )
  } finally {
    closeSync(file)
    await store.close()
  }
}

/** A key is made once for each person, before there is anything to measure. */
async function makeKeys(store: Store, samples: readonly Sample[]): Promise<void> {
  const subjects = new Set(samples.map(({ event }) => event.subject))
  for (const subject of subjects) {
    await store.append('met', { type: 'met', data: null, ...(subject !== undefined && { subject }) })
  }
}

async function measureReplay(store: Store, folder: string, signal: AbortSignal): Promise<number> {
  const segments = join(folder, 'segments')
  const projection = unsaved(contributors(new Set()))
  const ours = async (): Promise<void> => {
    await store.project(projection)
  }
  const bare = async (): Promise<void> => {
    for (const name of readdirSync(segments)) {
      for (const line of readFileSync(join(segments, name), 'utf8').split('\n')) if (line !== '') JSON.parse(line)
    }
  }
  return await medianRatio(
    Array.from({ length: REPLAY_PAIRS }, () => [ours, bare]),
    signal,
  )
}

type Pair = readonly [ours: () => Promise<void>, bare: () => Promise<void>]

/** The median of bare time through our time. The first quarter warms up; who begins alternates; time is bounded. */
async function medianRatio(pairs: readonly Pair[], signal: AbortSignal): Promise<number> {
  const ratios: number[] = []
  const startMs = performance.now()
  for (const [index, [ours, bare]] of pairs.entries()) {
    signal.throwIfAborted()
    if (ratios.length > 0 && performance.now() - startMs > BUDGET_MS) break
    const bareFirst = index % 2 === 0
    const before = bareFirst ? await timeMs(bare) : undefined
    const oursMs = await timeMs(ours)
    const bareMs = before ?? (await timeMs(bare))
    ratios.push(bareMs / oursMs)
  }
  const counted = ratios.slice(Math.floor(ratios.length / 4)).sort((a, b) => a - b)
  return counted[Math.floor(counted.length / 2)] ?? 0
}

async function timeMs(work: () => Promise<void>): Promise<number> {
  const startMs = performance.now()
  await work()
  return performance.now() - startMs
}
