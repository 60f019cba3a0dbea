/** The store and the observer as the compiler sees them when event types are declared. Types only: the same objects. */
import type { Appended, Refused, Write } from './events.js'
import type { Conditions } from './log/conditions.js'
import type { Events } from './log/evolution.js'
import type { Checked, Decided, Selected, TypedFollowQuery, TypedQuery } from './log/typed-events.js'
import type { Observer as UntypedObserver } from './observer.js'
import type { Decide, DecideOptions, DecideTarget } from './projections/deciding.js'
import type { Projection } from './projections/projection.js'
import type { HandleOf, Role } from './roles.js'
import type { Store as UntypedStore } from './store.js'
import type { SubscribeOptions, Subscription } from './subscriptions/subscriptions.js'

/** A {@link Write} whose events are checked against their declarations. */
export interface TypedWrite<E extends Events, Type extends string> extends Write {
  readonly events: Checked<E, Type> | readonly Checked<E, Type>[]
}

/** A decision whose events are checked against their declarations. */
export type TypedDecide<E extends Events, State, Type extends string> = (
  state: State,
  at: Parameters<Decide<State>>[1],
) => readonly Decided<E, Type>[] | Promise<readonly Decided<E, Type>[]>

/**
 * A store opened with declared event types. What is recorded of a declared type must fit its declaration; what is read
 * with a query that names `types` has their data. Types that are not declared stay open.
 */
export interface TypedStore<E extends Events> extends UntypedStore {
  append<Type extends string>(stream: string, events: Checked<E, Type> | readonly Checked<E, Type>[]): Promise<Appended>
  append<Type extends string>(
    stream: string,
    events: Checked<E, Type> | readonly Checked<E, Type>[],
    conditions: Conditions,
  ): Promise<Appended | Refused>
  commit<const Types extends readonly string[]>(
    writes: { readonly [Index in keyof Types]: TypedWrite<E, Types[Index]> },
    conditions?: Pick<Conditions, 'unless'>,
  ): Promise<Appended | Refused>
  decide<State, Type extends string>(
    target: DecideTarget,
    projection: Projection<State>,
    toEvents: TypedDecide<E, State, Type>,
    options?: DecideOptions,
  ): Promise<Appended | Refused>
  read<Type extends string = string, Raw extends boolean = false>(
    query?: TypedQuery<Type, Raw>,
  ): AsyncIterable<Selected<E, Type, Raw>>
  follow<Type extends string = string, Raw extends boolean = false>(
    query?: TypedFollowQuery<Type, Raw>,
    options?: { readonly signal?: AbortSignal },
  ): AsyncIterable<Selected<E, Type, Raw>>
  subscribe<Type extends string = string, Raw extends boolean = false>(
    name: string,
    query: TypedFollowQuery<Type, Raw>,
    handler: (event: Selected<E, NoInfer<Type>, NoInfer<Raw>>) => void | Promise<void>,
    options?: SubscribeOptions,
  ): Promise<Subscription>
}

/** The reading half of a {@link TypedStore}. */
export interface TypedObserver<E extends Events> extends UntypedObserver {
  read<Type extends string = string, Raw extends boolean = false>(
    query?: TypedQuery<Type, Raw>,
  ): AsyncIterable<Selected<E, Type, Raw>>
  follow<Type extends string = string, Raw extends boolean = false>(
    query?: TypedFollowQuery<Type, Raw>,
    options?: { readonly signal?: AbortSignal },
  ): AsyncIterable<Selected<E, Type, Raw>>
}

/** A store; with `Store<typeof events>` one whose event types are declared. The latter is the former too. */
export type Store<E extends Events = Events> = Events extends E ? UntypedStore : TypedStore<E>

/** An observer; with `Observer<typeof events>` one whose event types are declared. The latter is the former too. */
export type Observer<E extends Events = Events> = Events extends E ? UntypedObserver : TypedObserver<E>

/** What a role has of a store: `StoreAs<'appender'>`, and with declared event types `StoreAs<'appender', typeof events>`. */
export type StoreAs<R extends Role, E extends Events = Events> = HandleOf<Store<E>, R>

/** What `open` gives: the store, or what a role has of it. */
export type OpenedAs<E extends Events, R extends Role> = [R] extends [never] ? Store<E> : StoreAs<R, E>
