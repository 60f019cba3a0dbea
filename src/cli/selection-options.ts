/** The options that select events, the same for every command that reads. */
import type { Command } from 'commander'
import type { Query, Selection } from '../events.js'
import { collectNames, collectTags, parseCount, parseName, parsePositive, parseTime } from './values.js'

export interface SelectionOptions {
  readonly stream?: string
  readonly prefix?: string
  readonly type?: readonly string[]
  readonly tag?: readonly string[]
}

export interface QueryOptions extends SelectionOptions {
  readonly after?: number
  readonly afterRevision?: number
  readonly upTo?: number
  readonly until?: string
  readonly limit?: number
  readonly backwards?: boolean
  readonly raw?: boolean
}

export function takesSelection(command: Command): Command {
  return command
    .option('--stream <name>', 'only this stream', parseName)
    .option('--prefix <text>', 'only streams whose names begin so')
    .option('--type <type>', 'only this type; again for one type more (either)', collectNames)
    .option('--tag <key:value>', 'only with this tag; again for one tag more (both)', collectTags)
}

export function takesQuery(command: Command): Command {
  return takesSelection(command)
    .option('--after <position>', 'only after this position', parseCount)
    .option('--after-revision <n>', 'only after this revision; with --stream', parseCount)
    .option('--up-to <position>', 'only up to this position', parseCount)
    .option('--until <time>', 'only what was recorded by then (RFC 3339)', parseTime)
    .option('--limit <n>', 'at most this many', parsePositive)
    .option('--backwards', 'newest first')
}

export function selectionOf(options: SelectionOptions): Selection {
  return {
    ...(options.stream !== undefined && { stream: options.stream }),
    ...(options.prefix !== undefined && { streamPrefix: options.prefix }),
    ...(options.type !== undefined && { types: options.type }),
    ...(options.tag !== undefined && { tags: options.tag }),
  }
}

export function queryOf(options: QueryOptions): Query {
  return {
    ...selectionOf(options),
    ...(options.after !== undefined && { after: options.after }),
    ...(options.afterRevision !== undefined && { afterRevision: options.afterRevision }),
    ...(options.upTo !== undefined && { upTo: options.upTo }),
    ...(options.until !== undefined && { until: options.until }),
    ...(options.limit !== undefined && { limit: options.limit }),
    ...(options.backwards === true && { backwards: true }),
    ...(options.raw === true && { raw: true }),
  }
}
