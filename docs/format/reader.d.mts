/** Types of the second reader, for the tests that use it. */
export interface Head {
  readonly perdure: number
  readonly log: string
  readonly write: number
  readonly segment: number
  readonly bytes: number
  readonly last: number
  readonly time?: string
  readonly kv?: boolean
  readonly sha256: string
}

export interface LogSoFar {
  readonly lines: string[]
  readonly last: number
  readonly time: string
  readonly revisions: Map<string, number>
  readonly commit: readonly [number, number]
}

export function leafHash(line: string): Buffer
export function rootOf(leaves: readonly Buffer[], from?: number, to?: number): Buffer
export function readHead(bytes: Buffer): Head
export function emptyLog(): LogSoFar
export function readLine(line: string, log: LogSoFar): Readonly<Record<string, unknown>>
export function readFolder(folder: string): { readonly head: Head; readonly lines: readonly string[]; readonly root: string }
