/** A handler that changes its state and forgets to give it back. */
import { expect, test } from 'vitest'
import { defineProjection, open } from '../../src/index.js'

test('project: a handler that returns nothing is refused by name, instead of losing the state', async () => {
  const store = await open('memory:')
  await store.append('a', { type: 'counted', data: 1 })
  const on = { counted: (state: { count: number }) => void state.count++ } as never
  const forgetful = defineProjection<{ count: number }>({
    name: 'forgetful',
    version: 1,
    initial: () => ({ count: 0 }),
    on,
  })
  const refusal = store.project(forgetful)
  await expect(refusal).rejects.toMatchObject({ code: 'options-invalid', facts: { option: 'on' } })
  await expect(refusal).rejects.toThrow('a handler of forgetful gives no state')
  await store.close()
})
