/** Types of the second reader of current values, for the tests that use it. */
export interface Values {
  /** The newest revision. */
  readonly last: number
  /** By key: its newest line, as it stands. */
  readonly newest: ReadonlyMap<string, { readonly revision: number; readonly line: string }>
}

export function readValues(folder: string): Values
