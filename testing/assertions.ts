/** Assertions that say what was expected of whom, as node's own errors, which every runner shows with the difference. */
import assert, { AssertionError } from 'node:assert'
import { inspect } from 'node:util'

/** What a thrown value is expected to match: an expression for its message, members it has, a class, or a check. */
export type Expected = assert.AssertPredicate

/** What came of trying something. */
export type Attempt<Answer> =
  { readonly threw: false; readonly answer: Answer } | { readonly threw: true; readonly error: unknown }

export async function attempted<Answer>(attempt: () => Promise<Answer>): Promise<Attempt<Answer>> {
  try {
    return { threw: false, answer: await attempt() }
  } catch (error) {
    return { threw: true, error }
  }
}

/** Deep and strict equality. @throws AssertionError that begins with `what` */
export function assertSame(actual: unknown, expected: unknown, what: string): void {
  try {
    assert.deepStrictEqual(actual, expected)
  } catch (error) {
    if (!(error instanceof AssertionError)) throw error
    throw new AssertionError({
      message: `${what}. ${error.message}`,
      actual,
      expected,
      operator: 'deepStrictEqual',
      stackStartFn: assertSame,
    })
  }
}

/** @throws AssertionError if nothing was thrown (described by `otherwise`), or something else */
export function assertThrown<Answer>(
  attempt: Attempt<Answer>,
  expected: Expected | undefined,
  otherwise: (answer: Answer) => { readonly what: string; readonly value: unknown },
): void {
  if (!attempt.threw) {
    const { what, value } = otherwise(attempt.answer)
    throw new AssertionError({ message: `${what} ${described(value)}`, actual: value, expected, operator: 'throws' })
  }
  const rethrow = (): never => {
    throw attempt.error
  }
  if (expected !== undefined) assert.throws(rethrow, expected)
}

export function described(value: unknown): string {
  return inspect(value, { depth: 8, breakLength: 100 })
}
