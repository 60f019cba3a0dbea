/** Compiled, never run: a handle has the methods of its role, typed as the store's, and no other. */
import { open, type As, type OpenOptions, type Role, type Store, type StoreAs } from '../../src/index.js'
import { events, holds, type Equal } from './declared.js'

type Known = typeof events

declare const operator: StoreAs<'operator', Known>
declare const appender: StoreAs<'appender', Known>
declare const agent: StoreAs<'agent'>
declare const observer: StoreAs<'observer', Known>
declare const anybody: StoreAs<Role>
declare const as: As
declare const perhaps: OpenOptions<Role>
declare const paid: { cents: number; by: 'card' | 'cash' }

export const opened = {
  whole: () => open('memory:', {}) satisfies Promise<Store>,
  appender: () => open('memory:', { as: { role: 'appender', id: 'x' } }) satisfies Promise<StoreAs<'appender'>>,
  typed: () =>
    open('memory:', { events, as: { role: 'operator', id: 'x' } }) satisfies Promise<StoreAs<'operator', Known>>,
  // Of a role that is not known to the compiler: what all of them have, also if none is given after all.
  some: () => holds<Equal<ReturnType<typeof someRole>, Promise<StoreAs<Role>>>>(),
  perhaps: () => holds<Equal<ReturnType<typeof perhapsNone>, Promise<StoreAs<Role>>>>(),
  // @ts-expect-error: no such role
  unknown: () => open('memory:', { as: { role: 'admin', id: 'x' } }),
  // @ts-expect-error: whose it is has to be said
  nobody: () => open('memory:', { as: { role: 'agent' } }),
  // @ts-expect-error: a handle is not a store
  notAStore: () => operator satisfies Store,
}

export const someRole = () => open('memory:', { as })
export const perhapsNone = () => open('memory:', perhaps)

export const allowed = {
  append: () => appender.append('a', { type: 'order_paid', data: paid }),
  pseudonym: () => agent.subjects.pseudonym('author', 'ann@example.org'),
  shred: () => operator.subjects.shred('author:x', { reason: 'asked' }),
  rotate: () => operator.keys.rotate(),
  read: async () => {
    for await (const event of observer.read({ types: ['order_paid'] })) event.data.cents satisfies number
    for await (const event of appender.follow({ types: ['order_paid'] })) event.data.cents satisfies number
  },
  get: () => anybody.kv.get('k'),
  list: () => observer.subjects.list(),
  close: () => anybody.close(),
  dispose: () => anybody[Symbol.asyncDispose](),
  // Who has more has less, and who has declared types needs none.
  asAgent: () => [operator, appender] satisfies StoreAs<'agent'>[],
  asObserver: () => [operator, appender, agent, observer] satisfies StoreAs<'observer'>[],
  store: (store: Store) => store satisfies StoreAs<'operator'>,
}

export const refused = {
  // @ts-expect-error: cents is a number
  data: () => appender.append('a', { type: 'order_paid', data: { cents: '1', by: 'cash' } }),
}

type Observing = StoreAs<'observer', Known>
// @ts-expect-error: an observer does not append
export type Append = Observing['append']
// @ts-expect-error: an observer does not commit
export type Commit = Observing['commit']
// @ts-expect-error: an observer does not decide
export type Decide = Observing['decide']
// @ts-expect-error: an observer does not subscribe
export type Subscribe = Observing['subscribe']
// @ts-expect-error: an observer puts no values
export type Put = Observing['kv']['put']
// @ts-expect-error: an observer puts no blobs
export type PutBlob = Observing['blobs']['put']
// @ts-expect-error: an observer takes no snapshots
export type Take = Observing['snapshots']['take']
// @ts-expect-error: an observer gives no names
export type Pseudonym = Observing['subjects']['pseudonym']
// @ts-expect-error: an appender does not shred
export type AppenderShreds = StoreAs<'appender', Known>['subjects']['shred']
// @ts-expect-error: an agent does not shred
export type AgentShreds = StoreAs<'agent'>['subjects']['shred']
// @ts-expect-error: an appender has no keys
export type AppenderKeys = StoreAs<'appender'>['keys']
// @ts-expect-error: an agent has no keys
export type AgentKeys = StoreAs<'agent', Known>['keys']
// @ts-expect-error: not everybody appends
export type AnybodyAppends = StoreAs<Role>['append']
