/** The lines of current values: a put or a deletion each. docs/format.md specifies them. */
import { encodeJson } from '../../json.js'

export interface KvLine {
  readonly revision: number
  readonly key: string
  readonly isDeletion: boolean
}

/** `text` is the JSON text of an object with at least one member; undefined: a deletion. */
export function composeKvLine(revision: number, key: string, text: string | undefined): string {
  const front = `{"revision":${revision},"key":${encodeJson(key)},`
  return front + (text === undefined ? DELETION : text.slice(1))
}

/** Undefined: no such line. */
export function parseKvLine(line: string): KvLine | undefined {
  const [front, revision, key] = FRONT.exec(line) ?? []
  if (front === undefined || key === undefined || !line.endsWith('}')) return undefined
  return {
    revision: Number(revision),
    key: JSON.parse(key) as string,
    isDeletion: line.slice(front.length) === DELETION,
  }
}

/** What was put with this line. */
export function textOf(line: string): string {
  const front = FRONT.exec(line)?.[0] ?? ''
  return '{' + line.slice(front.length)
}

const DELETION = '"deleted":true}'
const FRONT = /^\{"revision":(\d{1,16}),"key":("(?:[^"\\]|\\.)*"),/
