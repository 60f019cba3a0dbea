/**
 * A program that is killed: opens a folder, appends what is missing, and subscribes. Each event that is handled leaves
 * its position in a file, at once, so that whoever kills it can see what was done.
 */
import { openSync, writeSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { open } from '../src/index.js'

export interface SubscribingOrders {
  readonly folder: string
  /** Where the positions go, a line each; `begin` before those of a process. */
  readonly effects: string
  /** How many events the log holds. */
  readonly count: number
  /** Events between two pauses of a millisecond. */
  readonly burst: number
}

const orders = JSON.parse(process.argv[2] ?? '') as SubscribingOrders
const effects = openSync(orders.effects, 'a')
const tell = (text: string): void => void writeSync(effects, `${text}\n`)

const store = await open(`file:${orders.folder}`, { create: true })
for (let head = await store.head(); head < orders.count; head = await store.head()) {
  const events = Array.from({ length: Math.min(500, orders.count - head) }, (_, i) => ({ type: 'noted', data: i }))
  await store.append('notes', events)
}
tell('begin')
const subscription = await store.subscribe('consumer', {}, ({ position }) => {
  tell(String(position))
  return position % orders.burst === 0 ? sleep(1) : undefined
})
await subscription.whenAt(orders.count)
await store.close()
