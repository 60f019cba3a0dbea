/** Roles: which methods of a store each one has, handles that have just those, and in whose name they record. */
import { PerdureError } from './errors.js'
import type { Actor } from './events.js'
import { checkName } from './log/names.js'
import type { ActorOf } from './log/ports.js'
import type { Store } from './store.js'

export const ROLES = ['operator', 'appender', 'agent', 'observer'] as const

export type Role = (typeof ROLES)[number]

/** Whose handle it is. */
export interface As<R extends Role = Role> {
  readonly role: R
  /** A name of 1 to 512 bytes. It is recorded and never sealed, so it is never personal: a pseudonym, a program. */
  readonly id: string
}

type Callable = (...args: never) => unknown

/** Every method of a store, by its path: `append`, `kv.put`. `close` is no question of role. */
type Path = Exclude<
  { [M in keyof Store & string]: Store[M] extends Callable ? M : `${M}.${keyof Store[M] & string}` }[keyof Store &
    string],
  'close'
>

const WRITERS = ['operator', 'appender', 'agent'] as const
const OPERATOR = ['operator'] as const

/** Who has which method: the types of handles and the handles themselves are made of this. */
export const METHODS = {
  append: WRITERS,
  commit: WRITERS,
  decide: WRITERS,
  // Keeps a checkpoint, and can take a name from whoever has it.
  subscribe: WRITERS,
  read: ROLES,
  lines: ROLES,
  event: ROLES,
  head: ROLES,
  revision: ROLES,
  streams: ROLES,
  // Keeps no checkpoint.
  follow: ROLES,
  project: ROLES,
  // The three that tell whether the log is sound: whoever may read it may ask. They record nothing.
  checkpoint: ROLES,
  verify: ROLES,
  report: ROLES,
  'kv.get': ROLES,
  'kv.list': ROLES,
  'kv.put': WRITERS,
  'kv.delete': WRITERS,
  'blobs.get': ROLES,
  'blobs.has': ROLES,
  // Comes before the event that refers to it.
  'blobs.put': WRITERS,
  'snapshots.list': ROLES,
  // Changes no answer, but what is on the disk.
  'snapshots.take': WRITERS,
  // The names of subjects stand in the log in the clear.
  'subjects.list': ROLES,
  'subjects.status': ROLES,
  // Keeps a new name with the keys, and tells whoever guesses an address which name it has.
  'subjects.pseudonym': WRITERS,
  // Cannot be undone.
  'subjects.shred': OPERATOR,
  // Where the keys are, and which master key wraps them, concerns only those who take care of them.
  'keys.status': OPERATOR,
  'keys.rotate': OPERATOR,
} as const satisfies { readonly [P in Path]: readonly Role[] }

type Methods = typeof METHODS

/** Those that a role has; of several roles, those that all of them have. */
export type MethodOf<R extends Role> = {
  [P in keyof Methods]: [R] extends [Methods[P][number]] ? P : never
}[keyof Methods]

type PartOf<R extends Role> = MethodOf<R> extends infer P ? (P extends `${infer Part}.${string}` ? Part : never) : never

type Within<R extends Role, Part> =
  MethodOf<R> extends infer P ? (P extends `${Part & string}.${infer M}` ? M : never) : never

/** What a role has of a store. */
export type HandleOf<S extends Store, R extends Role> = Pick<
  S,
  Extract<MethodOf<R>, keyof S> | 'close' | typeof Symbol.asyncDispose
> & {
  readonly [Part in PartOf<R> & keyof S]: Pick<S[Part], Within<R, Part> & keyof S[Part]>
}

/** A caller without types may hand in anything. */
export function isAs(value: unknown): value is As {
  if (typeof value !== 'object' || value === null) return false
  const { role, id, ...others } = value as Record<string, unknown>
  const isRole = ROLES.some((one) => one === role)
  return isRole && typeof id === 'string' && checkName(id) === undefined && Object.keys(others).length === 0
}

const KINDS = { operator: 'human', appender: 'system', agent: 'agent' } as const

/** In whose name a role records; undefined: it records nothing. */
export function actorOf({ role, id }: As): ActorOf | undefined {
  if (role === 'observer') return undefined
  const own: Actor = { kind: KINDS[role], id }
  return (given = own, index) => {
    if (role === 'agent' && (given.kind !== own.kind || given.id !== own.id)) throw inForeignName(index)
    return given
  }
}

/** `append` stands for all calls that record. */
function inForeignName(index: number): PerdureError<'role-forbidden'> {
  return new PerdureError(
    'role-forbidden',
    `event ${index} names another actor, and an agent records in its own name only`,
    { role: 'agent', method: 'append' },
    { written: 'no', hint: 'Leave meta.actor out: it is filled in.' },
  )
}

/**
 * An object with the methods of a role and nothing else: no prototype, no way from it to the store, its parts or another
 * method. Closing it closes the store.
 */
export function createHandle<R extends Role>(store: Store, role: R): HandleOf<Store, R> {
  const paths = Object.entries<readonly Role[]>(METHODS).filter(([, roles]) => roles.includes(role))
  const split = paths.map(([path]) => path.split('.').reverse() as [method: string, part?: string])
  const of = (wanted?: string): string[] => split.filter(([, part]) => part === wanted).map(([method]) => method)
  const handle = pick(store, [...of(), 'close', Symbol.asyncDispose])
  for (const [, part] of split) {
    if (part !== undefined) handle[part] ??= Object.freeze(pick(Reflect.get(store, part) as object, of(part)))
  }
  return Object.freeze(handle) as HandleOf<Store, R>
}

function pick(owner: object, methods: readonly PropertyKey[]): Record<PropertyKey, unknown> {
  const picked = Object.create(null) as Record<PropertyKey, unknown>
  for (const method of methods) picked[method] = Object.freeze((Reflect.get(owner, method) as Callable).bind(owner))
  return picked
}
