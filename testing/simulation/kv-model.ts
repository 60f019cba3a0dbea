/** What current values should be and answer, written as plainly as possible and without anything of the code under test. */
import type { KvExpect, KvOutcome } from '../../src/backends/protocol.js'

export interface PutSpec {
  readonly key: string
  /** Undefined: the key is deleted. */
  readonly value?: string
  /** How long the text of the value is. */
  readonly bytes?: number
  readonly expect?: KvExpect
}

/** All current values at one time. Never changed. */
export interface KvState {
  /** The newest revision that was given to anything. */
  readonly last: number
  readonly entries: ReadonlyMap<string, { readonly text: string; readonly revision: number }>
}

export const NO_VALUES: KvState = { last: 0, entries: new Map() }

export interface KvPrediction {
  readonly outcomes: readonly KvOutcome[]
  readonly after: KvState
}

/** What a backend is handed as the text. */
export function textOf({ value, bytes = 8 }: PutSpec): string | undefined {
  if (value === undefined) return undefined
  return `{"value":"${value.repeat(Math.ceil(bytes / value.length)).slice(0, bytes)}"}`
}

/** What must be answered to puts made at the same time, and what the values then are. */
export function predictPuts(state: KvState, puts: readonly PutSpec[]): KvPrediction {
  const entries = new Map(state.entries)
  let { last } = state
  const outcomes = puts.map((put): KvOutcome => {
    const { key, expect = 'any' } = put
    const actual = entries.get(key)?.revision ?? 0
    if (expect !== 'any' && actual !== (expect === 'new' ? 0 : expect)) return { kind: 'conflict', actual }
    const text = textOf(put)
    if (text === undefined && actual === 0) return { kind: 'written', revision: 0 }
    last++
    if (text === undefined) entries.delete(key)
    else entries.set(key, { text, revision: last })
    return { kind: 'written', revision: last }
  })
  return { outcomes, after: { last, entries } }
}

/** Equal values have equal texts, whatever was deleted before. */
export function valuesText({ entries }: KvState): string {
  const sorted = [...entries].sort(([a], [b]) => (a < b ? -1 : 1))
  return JSON.stringify(sorted.map(([key, { text, revision }]) => [key, revision, text]))
}

/** The same states, each once. */
export function distinct(states: readonly KvState[]): KvState[] {
  return [...new Map(states.map((state) => [`${state.last} ${valuesText(state)}`, state])).values()]
}
