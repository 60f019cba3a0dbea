/** Promises of `close`. */
import assert from 'node:assert/strict'
import { defineProjection } from '../../src/index.js'
import type { Promises } from '../case.js'
import { collect, failsWith } from '../expectations.js'
import { note, notes } from '../samples.js'

export const closingPromises: Promises = {
  'close: afterwards every call fails with `store-closed`, and closing again does nothing': async (it) => {
    const store = await it.store()
    await store.append('a', note('x'))
    await Promise.all([store.close(), store.close()])
    await store.close()
    const projection = defineProjection({ name: 'p', version: 1, initial: 0, on: { note_taken: (n: number) => n + 1 } })
    for (const write of [
      () => store.append('a', note('x')),
      () => store.commit([{ stream: 'a', events: note('x') }]),
    ]) {
      assert.equal((await failsWith('store-closed', write)).written, 'no')
    }
    for (const read of [
      () => collect(store.read()),
      () => store.event(1),
      () => store.event('i'),
      () => store.head(),
      () => store.revision('a'),
      () => collect(store.streams()),
      () => store.project(projection),
      () => store.checkpoint(),
      () => store.verify(),
    ]) {
      await failsWith('store-closed', read)
    }
    await it.close()
  },

  'close: a read under way ends with an error or completely, and never hangs': async (it) => {
    const store = await it.store()
    await store.append('a', notes(3000))
    const iterator = store.read()[Symbol.asyncIterator]()
    await iterator.next()
    await store.close()
    let seen = 1
    await (async () => {
      while ((await iterator.next()).done !== true) seen++
    })().then(
      () => assert.equal(seen, 3000),
      (error: unknown) => failsWith('store-closed', Promise.reject(error as Error)),
    )
    await it.close()
  },

  'close: a store is closed by leaving the block that awaits its disposal': async (it) => {
    const store = await it.store()
    await store[Symbol.asyncDispose]()
    await failsWith('store-closed', () => store.head())
    await it.close()
  },

  'report: names the backend and the log, and says whether it is durable': async (it) => {
    const store = await it.store()
    const report = store.report()
    assert.deepEqual(
      [report.backend, report.durable, report.log],
      [it.backend.name, it.backend.durable, it.backend.logId],
    )
    assert.match(report.log, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
  },
}
