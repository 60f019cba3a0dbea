// A shop's orders, kept in a folder. Run it twice: the log goes on where it was.
import { open, defineProjection } from 'perdure'

const sold = defineProjection({
  name: 'sold',
  version: 1,
  initial: 0,
  on: { order_placed: (cups, event) => cups + event.data.cups },
})

const store = await open('file:./.perdure/orders', { create: true })
const { revision } = await store.append('order-1', { type: 'order_placed', data: { tea: 'assam', cups: 2 } })
const { state: cups } = await store.project(sold)
for await (const event of store.read({ stream: 'order-1' })) console.log(event.position, event.type, event.data)
console.log(`order-1 is at revision ${revision}; ${cups} cups sold so far`)
await store.close()
