/** What many promises are stated with. */
import assert from 'node:assert/strict'
import {
  isPerdureError,
  type Appended,
  type Conflict,
  type ErrorCode,
  type PerdureError,
  type RecordedEvent,
  type Refused,
} from '../src/index.js'

/** The error of a call that must fail, and must fail with this code. `what` tells which of a list it was. */
export async function failsWith<Code extends ErrorCode>(
  code: Code,
  call: Promise<unknown> | (() => Promise<unknown>),
  facts: object = {},
  what = '',
): Promise<PerdureError<Code>> {
  const error = await errorOf(call, what)
  assert.ok(isPerdureError(error), `an error with a code was due (${code}), but it was: ${describe(error)}`)
  assert.equal(error.code, code, error.message)
  assert.ok(error.message.length > 0)
  for (const [fact, value] of Object.entries(facts)) {
    assert.deepEqual(
      (error.facts as Record<string, unknown>)[fact],
      value,
      `facts.${fact} of ${code}: ${error.message}`,
    )
  }
  return error as PerdureError<Code>
}

/** What a call that must fail fails with. */
export async function errorOf(call: Promise<unknown> | (() => Promise<unknown>), what = ''): Promise<unknown> {
  let answer: unknown
  try {
    answer = await (typeof call === 'function' ? call() : call)
  } catch (error) {
    return error
  }
  assert.fail(`${what} should have failed, but answered: ${describe(answer)}`)
}

function describe(value: unknown): string {
  if (value instanceof Error) return value.stack ?? String(value)
  return (JSON.stringify(value) ?? String(value)).slice(0, 300)
}

export async function collect<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const list: Item[] = []
  for await (const item of items) list.push(item)
  return list
}

export const positions = (events: readonly RecordedEvent[]): number[] => events.map((event) => event.position)

export async function positionsOf(events: AsyncIterable<RecordedEvent>): Promise<number[]> {
  return positions(await collect(events))
}

export function assertAppended(result: Appended | Refused): asserts result is Appended {
  assert.ok(result.ok, `it was refused: ${describe(result)}`)
}

/** The conflicts of a refusal. */
export function conflictsOf(result: Appended | Refused): readonly Conflict[] {
  assert.equal(result.ok, false, 'it was not refused')
  return result.ok ? [] : result.conflicts
}

/** 1, 2, 3… or from `first` to `last`. */
export function range(first: number, last: number): number[] {
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => first + i)
}

export const byNumber = (a: number, b: number): number => a - b
