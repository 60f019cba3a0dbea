import { test, expect } from 'vitest'
import { open } from '../../src/index.js'
test('smoke', async () => {
  const store = await open('memory:')
  for (let i = 0; i < 20; i++) await store.append('a', Array.from({length: 5000}, (_, j) => ({ type: 't', data: { j, i } })))
  for (const _ of [1,2]) {
  let t = performance.now(); let n = 0
  for await (const _e of store.read()) n++
  console.log('read', n, performance.now() - t)
  t = performance.now(); n = 0
  for await (const _e of store.follow()) if (++n === 100000) break
  console.log('follow', n, performance.now() - t)
  }
  for (const name of ['x','y']) {
  const t = performance.now(); let n = 0
  const sub = await store.subscribe(name, {}, () => { n++ })
  await sub.whenAt(100000, { timeoutMs: 20000 })
  console.log('subscribe', n, performance.now() - t)
  await sub.close()
  const t2 = performance.now(); n = 0
  const sub2 = await store.subscribe(name+'a', {}, async () => { n++ })
  await sub2.whenAt(100000, { timeoutMs: 20000 })
  console.log('subscribe async', n, performance.now() - t2)
  await sub2.close()
  }
  let sub3 = await store.subscribe('x', {types: ['q']}, async (e) => { await sub3.close(); n = e.position })
  const r = await store.append('z', {type:'q', data: 1})
  await sub3.done
  expect(n).toBe(r.last); expect(sub3.position).toBe(r.last)
  let sub4 = await store.subscribe('x', {types: ['q']}, async () => { throw new Error('no') })
  await store.append('z', [{type:'w', data: 1},{type:'q', data: 1}])
  await expect(sub4.done).rejects.toMatchObject({code: 'subscription-failed'})
  await store.close()
})
