// Event types that are declared: zod says what fits, old events are brought up to date, and an editor knows the data.
import { defineEvents, defineProjection, isPerdureError, open } from 'perdure'
import { z } from 'zod'

const events = defineEvents({
  order_placed: {
    version: 2,
    schema: z.object({ tea: z.string(), cups: z.number().int().min(1) }),
    // Version 1 had no number of cups: everybody had one.
    upcast: { 1: (data) => ({ ...data, cups: 1 }) },
  },
})

const cups = defineProjection({
  name: 'cups',
  version: 1,
  events,
  initial: 0,
  on: { order_placed: (sum, event) => sum + event.data.cups },
})

const store = await open('file:./.perdure/typed-orders', { create: true, events })
await store.append('order-1', { type: 'order_placed', version: 1, data: { tea: 'sencha' } })
await store.append('order-2', { type: 'order_placed', data: { tea: 'assam', cups: 2 } })
try {
  await store.append('order-3', { type: 'order_placed', data: { tea: 'assam', cups: 0 } })
} catch (error) {
  if (!isPerdureError(error) || error.code !== 'event-invalid') throw error
  console.log(`refused: ${error.facts.pointer} of order-3`)
}
for await (const event of store.read({ types: events.types })) console.log(event.stream, event.data)
console.log(`${(await store.project(cups)).state} cups`)
await store.close()
