/** A consumer that is killed, or stopped and woken up, in another process: nothing is skipped, at most a page comes again. */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { open, openObserver } from '../../src/index.js'
import { seededRandom, seedOfThisRun } from '../../testing/index.js'
import type { SubscribingOrders } from '../../testing/subscribing-process.js'
import { openForTest, temporaryFolder } from './stores.js'

const PROGRAM = fileURLToPath(new URL('../../dist/testing/subscribing-process.js', import.meta.url))
const PAGE_LENGTH_EVENTS = 1000
const ROUNDS_MAX = 60

function start(orders: SubscribingOrders): ChildProcess {
  const child = spawn(process.execPath, [PROGRAM, JSON.stringify(orders)], { stdio: ['ignore', 'ignore', 'inherit'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  return child
}

/** What was handled, by each process. */
function effectsOf({ effects }: SubscribingOrders): number[][] {
  if (!existsSync(effects)) return []
  const [, ...runs] = readFileSync(effects, 'utf8').split('begin\n')
  return runs.map((run) => run.split('\n').filter(Boolean).map(Number))
}

/** Until so many more are. */
async function untilHandled(child: ChildProcess, orders: SubscribingOrders, count: number): Promise<void> {
  const handled = (): number => effectsOf(orders).flat().length
  const enough = handled() + count
  while (child.exitCode === null && handled() < enough) await sleep(1)
}

/** In order, each process beginning at most a page before where the one before it was killed, and never after. */
function expectNothingSkipped(runs: readonly number[][], count: number, what: string): void {
  let last = 0
  for (const run of runs) {
    const [first = last + 1] = run
    expect(first, what).toBeLessThanOrEqual(last + 1)
    expect(first, what).toBeGreaterThan(last - PAGE_LENGTH_EVENTS)
    expect(run, what).toEqual(run.map((_, i) => first + i))
    last = Math.max(last, run.at(-1) ?? 0)
  }
  expect(last, what).toBe(count)
}

test('subscribe: killed in the middle again and again, it skips nothing and repeats at most a page', async () => {
  const seed = seedOfThisRun()
  const random = seededRandom(seed)
  const what = `PERDURE_SEED=${seed}`
  const folder = temporaryFolder()
  const orders = { folder: join(folder, 'log'), effects: join(folder, 'effects'), count: 8000, burst: 20 }
  let killed = 0
  for (let round = 0; round < ROUNDS_MAX; round++) {
    const child = start(orders)
    const exit = once(child, 'exit')
    await untilHandled(child, orders, 1 + random.integer(3000))
    if (child.kill('SIGKILL')) killed++
    const [code] = (await exit) as [number | null]
    if (code === 0) break
    expect(code, what).toBe(null)
  }
  expect(killed, what).toBeGreaterThan(1)
  expectNothingSkipped(effectsOf(orders), orders.count, what)
})

test('subscribe: a process that is stopped keeps the folder; once it is killed, another goes on where it stood', async () => {
  const folder = temporaryFolder()
  const orders = { folder: join(folder, 'log'), effects: join(folder, 'effects'), count: 3000, burst: 5 }
  const child = start(orders)
  const exit = once(child, 'exit')
  await untilHandled(child, orders, 1200)
  child.kill('SIGSTOP')
  await expect(open(`file:${orders.folder}`)).rejects.toMatchObject({ code: 'store-locked' })
  child.kill('SIGKILL')
  await exit
  const store = await openForTest(`file:${orders.folder}`)
  const seen: number[] = []
  const subscription = await store.subscribe('consumer', {}, ({ position }) => void seen.push(position))
  await subscription.whenAt(3000, { timeoutMs: 20_000 })
  expectNothingSkipped([...effectsOf(orders), seen], 3000, 'after SIGSTOP')
})

test('subscribe: a process that is stopped is read beside, not taken over; woken up it goes on, and nothing comes twice', async () => {
  const folder = temporaryFolder()
  const orders = { folder: join(folder, 'log'), effects: join(folder, 'effects'), count: 6000, burst: 5 }
  const child = start(orders)
  const exit = once(child, 'exit')
  await untilHandled(child, orders, 1200)
  for (let round = 1; round <= 3; round++) {
    child.kill('SIGSTOP')
    await expect(open(`file:${orders.folder}`)).rejects.toMatchObject({ code: 'store-locked' })
    const handled = effectsOf(orders).flat().length
    const observer = await openObserver(`file:${orders.folder}`)
    let read = 0
    for await (const { position } of observer.read()) expect(position).toBe(++read)
    await observer.close()
    expect(read).toBe(orders.count)
    // Otherwise it was over before it was stopped.
    expect(handled).toBeLessThan(orders.count)
    expect(effectsOf(orders).flat()).toHaveLength(handled)
    child.kill('SIGCONT')
    await untilHandled(child, orders, 50)
  }
  expect(await exit).toEqual([0, null])
  expect(effectsOf(orders)).toEqual([Array.from({ length: orders.count }, (_, i) => i + 1)])
  const store = await openForTest(`file:${orders.folder}`)
  const subscription = await store.subscribe('consumer', {}, () => expect.unreachable())
  expect(subscription.position).toBe(orders.count)
})
