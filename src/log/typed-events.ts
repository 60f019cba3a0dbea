/** What declared event types say about data, for the compiler: no code, only types. */
import type { NewEvent, Query, RecordedEvent } from '../events.js'
import type { Json } from '../json.js'
import type { Events } from './evolution.js'
import type { FollowQuery } from './following.js'

/** The names of the declared types: `TypesOf<typeof events>`. */
export type TypesOf<E extends Events> = keyof E['declarations'] & string

/** Any JSON there is, as validators write it: without `readonly`. */
type AnyJson = null | boolean | number | string | AnyJson[] | { [key: string]: AnyJson }

/**
 * What can be recorded of a value of type `T`: JSON, and never to be changed. Optional members may be left out but not
 * be undefined; what JSON cannot express is `never`.
 */
export type Recordable<T> = [AnyJson] extends [T]
  ? Json
  : T extends string | number | boolean | null
    ? T
    : T extends Date | ((...args: never) => unknown) | symbol | bigint | undefined
      ? never
      : T extends readonly unknown[]
        ? number extends T['length']
          ? readonly Recordable<T[number]>[]
          : { readonly [Key in keyof T]: Recordable<Exclude<T[Key], undefined>> }
        : { readonly [Key in keyof T]: Recordable<Exclude<T[Key], undefined>> }

/** What a Standard Schema takes. Anything else (a JSON Schema, no schema) says nothing to the compiler. */
type InputOf<Schema> = Schema extends { readonly '~standard': { readonly types?: infer Types } }
  ? NonNullable<Types> extends { readonly input: infer Input }
    ? Input
    : unknown
  : unknown

type MemberOf<E extends Events, Type, Member extends string> = Type extends keyof E['declarations']
  ? E['declarations'][Type] extends { readonly [Key in Member]?: infer Value }
    ? Value
    : undefined
  : undefined

/**
 * The data of a type: what its validator takes, because it is recorded as it was given. `Json` for types that have a JSON
 * Schema or none, and for types that are not declared.
 */
export type DataOf<E extends Events, Type extends string> =
  Recordable<InputOf<MemberOf<E, Type, 'schema'>>> extends infer Data extends Json ? Data : never

/** An event of a declared type, as its data is written today. */
export interface CurrentEvent<Type extends string, Data extends Json, Version extends number> extends NewEvent {
  readonly type: Type
  readonly version?: Version
  readonly data: Data
}

/** An event of a declared type, as its data was written before: checked when it is recorded, by its upcast. */
export interface OlderEvent<Type extends string, Data extends Json, Version extends number> extends NewEvent {
  readonly type: Type
  readonly version: Version
  readonly data: Data
}

type VersionOf<E extends Events, Type> = MemberOf<E, Type, 'version'> extends infer V extends number ? V : number

/** One for each version there is an upcast from, with the data that it says it takes. */
type OlderEventsOf<E extends Events, Type extends string, Upcasts = MemberOf<E, Type, 'upcast'>> = {
  [Version in keyof Upcasts & number]: Upcasts[Version] extends (data: infer Given) => unknown
    ? Recordable<Given> extends infer Data extends Json
      ? OlderEvent<Type, Data, Version>
      : never
    : never
}[keyof Upcasts & number]

/**
 * An event before it is written: of one declared type, of several, or (by default) of any of them. A type that is not
 * declared, or not known to the compiler, stays a {@link NewEvent}.
 */
export type NewEventOf<E extends Events, Type extends string = TypesOf<E>> = Type extends string
  ? Type extends TypesOf<E>
    ? string extends Type
      ? NewEvent
      : CurrentEvent<Type, DataOf<E, Type>, VersionOf<E, Type>> | OlderEventsOf<E, Type>
    : NewEvent
  : never

/** For arguments: the plain first half is where the compiler learns the type from. */
export type Checked<E extends Events, Type extends string> = { readonly type: Type } & NewEventOf<E, Type>

/** Data of which the compiler keeps every literal as it is written: `'card'`, not `string`. */
type Literally =
  '' | (string & {}) | 0 | (number & {}) | boolean | null | object | { readonly [key: string]: Literally }

/** {@link Checked}, for the events that a function gives back: their type is found before they are looked at closely. */
export type Decided<E extends Events, Type extends string> = {
  readonly type: Type
  readonly data: Literally
} & NewEventOf<E, Type>

/** A recorded event of one type, with its data as it is written today. */
export interface RecordedEventAs<Type extends string, Data extends Json> extends RecordedEvent {
  readonly type: Type
  readonly data: Data
}

/**
 * A recorded event of one declared type, of several, or (by default) of any of them: a union that `switch (event.type)`
 * tells apart. It is the declaration's word: reading brings old data up to date, but checks none again.
 */
export type RecordedEventOf<E extends Events, Type extends string = TypesOf<E>> = Type extends string
  ? Type extends TypesOf<E>
    ? string extends Type
      ? RecordedEvent
      : RecordedEventAs<Type, DataOf<E, Type>>
    : RecordedEvent
  : never

/** A query that remembers which types it names. */
export interface TypedQuery<Type extends string, Raw extends boolean> extends Query {
  readonly types?: readonly Type[]
  readonly raw?: Raw
}

/** What {@link TypedQuery} gives: as recorded (`raw`), nothing is known of the data. */
export type Selected<E extends Events, Type extends string, Raw extends boolean> = Raw extends false
  ? RecordedEventOf<E, Type>
  : RecordedEvent

export interface TypedFollowQuery<Type extends string, Raw extends boolean> extends FollowQuery {
  readonly types?: readonly Type[]
  readonly raw?: Raw
}
