// An account with a long past: its state is saved once, and the next start folds only what came after. Run it twice.
import { defineProjection, open } from 'perdure'

let folded = 0
const balance = defineProjection({
  name: 'balance',
  version: 1,
  initial: 0,
  on: {
    paid_in: (cents, event) => {
      // Only to show how much is read: a projection for real uses nothing but its arguments.
      folded++
      return cents + event.data.cents
    },
  },
})

const store = await open('file:./.perdure/account', { create: true })
if ((await store.head()) === 0) {
  const past = Array.from({ length: 5000 }, (_, i) => ({ type: 'paid_in', data: { cents: i % 100 } }))
  await store.append('account-1', past)
}
await store.append('account-1', { type: 'paid_in', data: { cents: 100 } })
const { state, position } = await store.project(balance, { stream: 'account-1' })
console.log(`balance ${state} at position ${position}: folded ${folded} events`)
await store.snapshots.take(balance, { stream: 'account-1' })
await store.close()
