/** What an import refuses, and where in the file it stands. */
import { PerdureError } from '../../errors.js'
import { plural } from '../text.js'

/** Where something stands in a file. */
export interface Place {
  readonly path: string
  /** From 1. */
  readonly line?: number
  /** From 1: data rows of a table, events of a batch. */
  readonly row?: number
  /** Bytes from the start of the file. */
  readonly offset?: number
}

export interface InvalidDetails {
  readonly hint: string
  readonly column?: string
  readonly pointer?: string
  readonly cause?: unknown
}

/** The file holds something that no event can be made of. */
export function importInvalid(
  place: Place,
  problem: string,
  { hint, column, pointer, cause }: InvalidDetails,
): PerdureError<'import-invalid'> {
  const facts = { ...place, ...(column !== undefined && { column }), ...(pointer !== undefined && { pointer }) }
  const which = column === undefined ? '' : `column ${JSON.stringify(column)} `
  return new PerdureError('import-invalid', `${describePlace(place)}: ${which}${problem}`, facts, { hint, cause })
}

function describePlace({ path, line, row, offset }: Place): string {
  const parts = [
    ...(row === undefined ? [] : [`row ${row}`]),
    ...(line === undefined ? [] : [`line ${line}`]),
    ...(offset === undefined ? [] : [`byte ${offset}`]),
  ]
  return [path, ...parts].join(', ')
}

/** The same error, with what had been recorded when it was met: whole batches stay. */
export function withRecorded(error: PerdureError<'import-invalid'>, recorded: number): PerdureError<'import-invalid'> {
  const { message, facts, cause, hint = '' } = error
  const before =
    recorded === 0
      ? 'Nothing was recorded.'
      : `${plural(recorded, 'event')} before it stay recorded; running the import again goes on from there.`
  const options = { cause, hint: `${hint} ${before}`.trim() }
  return new PerdureError('import-invalid', message, { ...facts, recorded }, options)
}
