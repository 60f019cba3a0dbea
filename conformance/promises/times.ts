/** Promises about recorded time. */
import assert from 'node:assert/strict'
import type { Promises } from '../case.js'
import { collect, positionsOf, range } from '../expectations.js'
import { note, notes } from '../samples.js'

export const timePromises: Promises = {
  'time: is UTC with milliseconds, from the store’s clock, the same for all of a commit': async (it) => {
    const store = await it.store()
    it.clock.set('2026-11-20T09:13:00.007+01:00')
    await store.append('a', notes(3))
    assert.deepEqual(
      (await collect(store.read())).map((event) => event.time),
      Array(3).fill('2026-11-20T08:13:00.007Z'),
    )
  },

  'time: never decreases along the log, though the clock goes back': async (it) => {
    const store = await it.store()
    const steps = [0, 1000, -5000, 1, -86_400_000, 0, 86_400_000 * 2, -1, 4000, 1]
    for (const ms of steps) {
      it.clock.advance(ms)
      await store.append('a', notes(2))
    }
    const times = (await collect(store.read())).map((event) => event.time)
    assert.deepEqual(times, [...times].sort())
    assert.equal(times[0], '2026-01-01T00:00:00.000Z')
    assert.equal(times[4], times[2], 'after going back, the time of the head stands')
  },

  'time: never decreases, though many append at once while the clock jumps': async (it) => {
    const store = await it.store()
    await Promise.all(
      range(1, 60).map((i) => {
        it.clock.advance(i % 2 === 0 ? -1500 : 1000)
        return store.append(`s${i % 5}`, note('x'))
      }),
    )
    const times = (await collect(store.read())).map((event) => event.time)
    assert.deepEqual(times, [...times].sort())
  },

  'time: `until` names a prefix of the log at every moment, whatever the clock did': async (it) => {
    const store = await it.store()
    for (const ms of [0, 1000, -500, 0, 700, 1, -1, 60_000]) {
      it.clock.advance(ms)
      await store.append('a', note('x'))
    }
    const events = await collect(store.read())
    for (const { time } of events) {
      const moment = new Date(time).getTime()
      for (const until of [moment - 1, moment, moment + 1].map((ms) => new Date(ms))) {
        const expected = events.filter((event) => new Date(event.time) <= until).length
        assert.deepEqual(await positionsOf(store.read({ until })), range(1, expected))
        assert.deepEqual(
          await positionsOf(store.read({ until: until.toISOString(), backwards: true })),
          range(1, expected).reverse(),
        )
      }
    }
  },

  'time: `occurred` orders nothing, and is never changed': async (it) => {
    const store = await it.store()
    const occurred = ['2030-01-01T00:00:00Z', '1999-12-31T23:59:59.5+13:45', '2026-01-01T00:00:00Z']
    for (const moment of occurred) await store.append('a', note('x', { occurred: moment }))
    assert.deepEqual(
      (await collect(store.read())).map((event) => event.occurred),
      occurred,
    )
    assert.deepEqual(await positionsOf(store.read({ until: '2026-01-01T00:00:00Z' })), [1, 2, 3])
  },
}
