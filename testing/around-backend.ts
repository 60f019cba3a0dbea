/** A backend with something done around every call: what the delayed and the faulty backend are made of. */
import type { Backend } from '../src/backends/protocol.js'

/** The calls of a backend that wait for something. */
export type Operation =
  | 'append'
  | 'adopt'
  | 'read'
  | 'find'
  | 'head'
  | 'revision'
  | 'streams'
  | 'positionAt'
  | 'kvGet'
  | 'kvPut'
  | 'kvList'
  | 'snapshotPut'
  | 'snapshotList'
  | 'snapshotRead'
  | 'snapshotRemove'
  | 'claim'
  | 'verify'
  | 'close'

export type Around = <Answer>(operation: Operation, call: () => Promise<Answer>) => Promise<Answer>

/** To change one method only, spread the result: `{ ...aroundBackend(backend, justCall), find: … }`. */
export function aroundBackend(backend: Backend, around: Around): Backend {
  return {
    name: backend.name,
    durable: backend.durable,
    logId: backend.logId,
    boot: backend.boot,
    append: (group, now) => around('append', () => backend.append(group, now)),
    adopt: (lines) => around('adopt', () => backend.adopt(lines)),
    read: (matcher, page) => around('read', () => backend.read(matcher, page)),
    find: (ids) => around('find', () => backend.find(ids)),
    head: () => around('head', () => backend.head()),
    revision: (stream) => around('revision', () => backend.revision(stream)),
    streams: (prefix, page) => around('streams', () => backend.streams(prefix, page)),
    positionAt: (time) => around('positionAt', () => backend.positionAt(time)),
    changed: (signal) => backend.changed(signal),
    kv: {
      get: (key) => around('kvGet', () => backend.kv.get(key)),
      put: (key, text, expect) => around('kvPut', () => backend.kv.put(key, text, expect)),
      list: (prefix, page) => around('kvList', () => backend.kv.list(prefix, page)),
    },
    snapshots: {
      put: (place, text) => around('snapshotPut', () => backend.snapshots.put(place, text)),
      list: (key) => around('snapshotList', () => backend.snapshots.list(key)),
      read: (place) => around('snapshotRead', () => backend.snapshots.read(place)),
      remove: (place) => around('snapshotRemove', () => backend.snapshots.remove(place)),
    },
    claim: (name, takeOver) => around('claim', () => backend.claim(name, takeOver)),
    verify: () => around('verify', () => backend.verify()),
    close: () => around('close', () => backend.close()),
  }
}

export const justCall: Around = (_operation, call) => call()
