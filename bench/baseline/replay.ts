/**
 * The bare limit of a replay: read the files in pieces of 1 MiB, cut at newlines, JSON.parse every line, fold.
 *
 * Left out: any check that the bytes are the ones that were written, freezing, upcasting, choosing what to read,
 * yielding to anything else in the process.
 */
import { closeSync, openSync, readdirSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { StringDecoder } from 'node:string_decoder'
import type { Json } from '../../src/index.js'

const PIECE_SIZE_BYTES = 1024 * 1024

export interface HandFold<State> {
  readonly initial: State
  readonly on: Readonly<Record<string, (state: State, event: { readonly data: Json }) => State>>
}

/** Folds every line that is an event: headers, marks and ends begin with another key. */
export function foldFolder<State>(folder: string, fold: HandFold<State>): State {
  const piece = Buffer.alloc(PIECE_SIZE_BYTES)
  let state = fold.initial
  for (const name of readdirSync(folder).sort()) {
    const file = openSync(join(folder, name), 'r')
    const decoder = new StringDecoder('utf8')
    let rest = ''
    let read: number
    while ((read = readSync(file, piece, 0, PIECE_SIZE_BYTES, null)) > 0) {
      const lines = (rest + decoder.write(piece.subarray(0, read))).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) {
        const event = JSON.parse(line) as { readonly type?: string; readonly data: Json }
        const handler = event.type === undefined ? undefined : fold.on[event.type]
        if (handler !== undefined) state = handler(state, event)
      }
    }
    closeSync(file)
  }
  return state
}
