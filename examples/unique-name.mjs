// Two people want the same name at the same moment. One condition, no table of names: only one of them gets it.
import { open } from 'perdure'

const store = await open('memory:')

/** Registers the name unless somebody has, ever. Says whether it worked. */
async function register(person, name) {
  const event = { type: 'name_registered', data: { name }, tags: [`name:${name}`] }
  // "Refuse this if any event with this tag was recorded": asked and answered at the moment of writing.
  const unless = { query: { tags: [`name:${name}`] }, after: 0 }
  const result = await store.append(`person-${person}`, event, { unless })
  return result.ok
}

const answers = await Promise.all([register('ann', 'daisy'), register('bob', 'daisy')])
console.log(`ann: ${answers[0] ? 'registered' : 'taken'}, bob: ${answers[1] ? 'registered' : 'taken'}`)
await store.close()
