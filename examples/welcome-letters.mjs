// A letter for each member, by a subscription that remembers how far it has come. Run it twice: nobody is written again.
import { open } from 'perdure'

const store = await open('file:./.perdure/members', { create: true })
const letters = await store.subscribe(
  'welcome-letters',
  { types: ['member_joined'] },
  async (event) => console.log(`Dear ${event.data.name}, welcome! (event ${event.position})`),
  // An event that cannot be handled is put aside, and the next ones are not held up.
  { onError: 'park' },
)

const head = await store.head()
for (const name of head === 0 ? ['Ann', 'Bob'] : ['Cem']) {
  await store.append(`member-${name}`, { type: 'member_joined', data: { name } })
}
// What was recorded after the subscription began comes to it as well.
await letters.whenAt(await store.head())
console.log(`up to position ${letters.position}; ${(await letters.parked()).length} put aside`)
await store.close()
