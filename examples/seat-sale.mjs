// Ten people, four seats, one moment. Each decides on what it sees; nobody's seat is sold twice.
import { defineProjection, open } from 'perdure'

const seatsLeft = defineProjection({
  name: 'seats-left',
  version: 1,
  initial: 0,
  on: { seats_offered: (left, event) => left + event.data.seats, seat_sold: (left) => left - 1 },
})

/** Loads, decides, appends; if somebody was quicker, again with what they did. */
async function buy(guest) {
  const sell = (left) => (left > 0 ? [{ type: 'seat_sold', data: { guest } }] : [])
  const answer = await store.decide('hall', seatsLeft, sell, { retries: 10 })
  // A decision that decides nothing records nothing: count 0.
  return answer.ok && answer.count > 0
}

const store = await open('memory:')
await store.append('hall', { type: 'seats_offered', data: { seats: 4 } })
const guests = ['ann', 'bob', 'cem', 'dot', 'eve', 'fay', 'gus', 'hal', 'ida', 'jon']
const answers = await Promise.all(guests.map(buy))
console.log(`${answers.filter(Boolean).length} of ${guests.length} got a seat`)
console.log(`${(await store.project(seatsLeft, { stream: 'hall' })).state} seats left`)
await store.close()
