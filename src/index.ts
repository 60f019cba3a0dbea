/** The public entry of Perdure. */
export { open, openObserver, type ObserverOptions, type OpenOptions } from './open.js'
export type { Snapshots } from './store.js'
export type { KeyChange, KeyProvider, KeyRecord, KeyStore } from './privacy/key-store.js'
export type { Keys, KeysStatus } from './privacy/keys.js'
export { openKeyStore, type KeysOption, type KeyStoreOptions } from './privacy/opening.js'
export type { Receipt } from './privacy/privacy-log.js'
export type { Rotated, RotateOptions } from './privacy/rotation.js'
export type { ShredOptions } from './privacy/shredding.js'
export type { Subject, SubjectReader, Subjects, SubjectStatus } from './privacy/subjects.js'
export type { BootReport, SnapshotReader, Verification } from './observer.js'
export type { As, Role } from './roles.js'
export type { Observer, Store, StoreAs, TypedDecide, TypedObserver, TypedStore, TypedWrite } from './typed-store.js'
export type { BlobPutOptions, BlobReader, BlobReference, Blobs } from './blobs/blobs.js'
export type { BlobStore } from './blobs/blob-store.js'
export type { Kv, KvDeleteOptions, KvPutOptions, KvReader, KvResult, KvValue } from './kv/kv.js'
export type { FollowQuery } from './log/following.js'
export type { Decide, DecideOptions, DecideTarget } from './projections/deciding.js'
export type {
  Projected,
  ProjectSelection,
  Snapshot,
  SnapshotOptions,
  SnapshotSaving,
} from './projections/projecting.js'
export type { Handler, Parked, SubscribeOptions, Subscription } from './subscriptions/subscriptions.js'
export {
  defineEvents,
  type DefinedEvents,
  type EventDeclaration,
  type Events,
  type StandardSchema,
} from './log/evolution.js'
export type { DataOf, NewEventOf, RecordedEventOf, TypesOf } from './log/typed-events.js'
export { defineProjection, type Projection, type ProjectionDefinition } from './projections/projection.js'
export {
  isPerdureError,
  InvariantError,
  PerdureError,
  type AnyPerdureError,
  type ErrorCode,
  type ErrorFacts,
} from './errors.js'
export type { JSONSchema } from './log/json-schema.js'
export { must } from './must.js'
export type { Json } from './json.js'
export type { Clock } from './clock.js'
export type {
  Actor,
  Appended,
  Conflict,
  Expect,
  Meta,
  NewEvent,
  Query,
  QueryItem,
  RecordedEvent,
  Refused,
  Selection,
  Unless,
  Write,
} from './events.js'
export type {
  Backend,
  BackendVerification,
  BootStep,
  Claim,
  Commit,
  CommitOutcome,
  EncodedEvent,
  FailedCondition,
  Finding,
  KvBackend,
  KvEntry,
  KvExpect,
  KvOutcome,
  Line,
  Matcher,
  Page,
  PageRequest,
  SnapshotBackend,
  SnapshotPlace,
} from './backends/protocol.js'
