/** A subscription that stops while nobody looks at it. */
import { expect, onTestFinished, test } from 'vitest'
import { memoryStore, note } from './stores.js'

function warnings(): string[] {
  const said: string[] = []
  const listen = (warning: Error): void => void said.push(`${warning.name}: ${warning.message}`)
  process.on('warning', listen)
  onTestFinished(() => void process.off('warning', listen))
  return said
}

const failing = (): never => {
  throw new Error('jane@example.org is not reachable')
}

test('subscribe: one that stops while nobody looks at its done warns the process, without what the handler said', async () => {
  const [said, store] = [warnings(), await memoryStore()]
  await store.append('a', note('x'))
  const subscription = await store.subscribe('letters', {}, failing)
  await expect(subscription.whenAt(1)).rejects.toMatchObject({ code: 'subscription-failed' })
  await expect.poll(() => said).toHaveLength(1)
  expect(said[0]).toContain('PerdureWarning: the subscription "letters" has stopped at position 0')
  expect(said[0]).not.toContain('jane')
})

test('subscribe: one whose done is looked at warns nobody', async () => {
  const [said, store] = [warnings(), await memoryStore()]
  await store.append('a', note('x'))
  const subscription = await store.subscribe('letters', {}, failing)
  await expect(subscription.done).rejects.toMatchObject({ code: 'subscription-failed' })
  await new Promise((resolve) => setTimeout(resolve, 20))
  expect(said).toEqual([])
})
