/**
 * Another process that reads a sealed log: for each line on its input it does what that says, and answers with one line.
 * `all`: reads everything; `begin`: begins a read and takes one event; `rest`: the others of that read; `followed`: what a
 * follower has been given so far; `project`: a count of what a projection is given.
 */
import { createInterface } from 'node:readline'
import { defineProjection, openObserver } from '../../../dist/src/index.js'

const store = await openObserver(process.argv[2] ?? '')
const given = defineProjection({ name: 'given', version: 1, initial: 0, on: { signed_up: (state) => state + 1 } })
const followed = []
let reading

const seen = ({ position, data, unreadable = [] }) => [position, data === null ? unreadable[0]?.why : 'readable']

async function collect(events) {
  const list = []
  for await (const event of events) list.push(seen(event))
  return list
}

async function follow() {
  for await (const event of store.follow()) followed.push(seen(event))
}

const orders = {
  all: () => collect(store.read()),
  begin: async () => {
    reading = store.read()[Symbol.asyncIterator]()
    return [seen((await reading.next()).value)]
  },
  rest: () => collect({ [Symbol.asyncIterator]: () => reading }),
  followed: () => followed,
  project: async () => (await store.project(given)).state,
}

void follow()
console.log(JSON.stringify('ready'))
for await (const order of createInterface(process.stdin)) console.log(JSON.stringify(await orders[order]()))
await store.close()
