/** A whole campaign over several threads: the enumerated cases, then random lives until enough states are seen. */
import { Worker } from 'node:worker_threads'
import { addFindings, type Findings, noFindings } from './report.js'

export interface CampaignOptions {
  /** Moves the sample of enumerated cases, if not all are run, and the seeds of the random lives. */
  readonly seed: number
  /** At least so many disk states are recovered and audited. */
  readonly states: number
  readonly workers: number
  /** Called now and then with what was found so far. */
  readonly onProgress?: (findings: Findings) => void
}

const CHUNK_LENGTH = 250
const FAILURES_MAX = 20
/** So many random lives as a part of the states asked for; each of them is several states. */
const RANDOM_PART = 0.015

export async function runCampaign(options: CampaignOptions): Promise<Findings> {
  const sum = noFindings()
  const threads = Array.from({ length: options.workers }, () => new Worker(new URL('worker.js', import.meta.url)))
  try {
    const ready = await Promise.all(threads.map(nextMessage<{ enumerated: number }>))
    const chunks = chunksOf(options, ready[0]?.enumerated ?? 0)
    await Promise.all(threads.map((thread) => work(thread, chunks, sum, options)))
  } finally {
    await Promise.all(threads.map((thread) => thread.terminate()))
  }
  return sum
}

interface Chunk {
  readonly seeds: readonly number[]
  /** Not needed if there have been enough states. */
  readonly isExtra: boolean
}

/** Hands the thread one chunk after the other, until there is no need for more. */
async function work(
  thread: Worker,
  chunks: Iterator<Chunk, void>,
  sum: Findings,
  { states, onProgress }: CampaignOptions,
): Promise<void> {
  for (let next = chunks.next(); next.done !== true; next = chunks.next()) {
    const { seeds, isExtra } = next.value
    if (sum.failures.length >= FAILURES_MAX || (isExtra && sum.states >= states)) return
    thread.postMessage(seeds)
    addFindings(sum, await nextMessage<Findings>(thread))
    onProgress?.(sum)
  }
}

/** First every `stride`-th of the enumerated cases, in order, since neighbours share their work; then random ones. */
function* chunksOf({ seed, states }: CampaignOptions, enumerated: number): Generator<Chunk, void> {
  const stride = Math.max(1, Math.floor(enumerated / states))
  for (let first = seed % stride; first < enumerated; first += CHUNK_LENGTH * stride) {
    const length = Math.min(CHUNK_LENGTH, Math.ceil((enumerated - first) / stride))
    yield { seeds: Array.from({ length }, (_, i) => first + i * stride), isExtra: false }
  }
  const lives = Math.ceil((states * RANDOM_PART) / CHUNK_LENGTH)
  for (let chunk = 0; ; chunk++) {
    const first = enumerated + seed * states + chunk * CHUNK_LENGTH
    yield { seeds: Array.from({ length: CHUNK_LENGTH }, (_, i) => first + i), isExtra: chunk >= lives }
  }
}

async function nextMessage<T>(thread: Worker): Promise<T> {
  return await new Promise<T>((resolve, reject) => {
    const onMessage = (message: T): void => {
      thread.off('error', onError).off('exit', onExit)
      resolve(message)
    }
    const onError = (error: Error): void => {
      thread.off('message', onMessage).off('exit', onExit)
      reject(error)
    }
    const onExit = (code: number): void => {
      thread.off('message', onMessage).off('error', onError)
      reject(new Error(`a thread of the campaign ended with ${code}`))
    }
    thread.once('message', onMessage).once('error', onError).once('exit', onExit)
  })
}
