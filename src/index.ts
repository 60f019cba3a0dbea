/** The public entry of Perdure. */
export { open, type OpenOptions } from './open.js'
export type { BootReport, Projected, Store, Verification } from './store.js'
export { defineEvents, type EventDeclaration, type Events, type StandardSchema } from './log/evolution.js'
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
  Commit,
  CommitOutcome,
  EncodedEvent,
  FailedCondition,
  Finding,
  Line,
  Matcher,
  Page,
  PageRequest,
} from './backends/protocol.js'
