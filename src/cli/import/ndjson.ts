/** From lines of JSON to events: events as they are appended and read, or objects of any form with a mapping. */
import { createHash } from 'node:crypto'
import type { NewEvent } from '../../events.js'
import { derivedId } from './derived-id.js'
import { importInvalid, type Place } from './invalid.js'
import { lookupIn, parseObject, renamed, type JsonObject } from './json-record.js'
import { readLines, type Line } from './lines.js'
import { toIncoming, type FileRecord, type Incoming, type Mapping } from './mapping.js'
import type { Source } from './source.js'

/** What a log adds to an event: where it stands in that log says nothing about where it will stand in this one. */
const PLACES: ReadonlySet<string> = new Set(['position', 'commit', 'revision', 'time'])

/** Without a mapping each line is an event with its stream. @throws PerdureError `import-invalid` */
export async function* readNdjsonEvents(source: Source, mapping: Mapping | undefined): AsyncGenerator<Incoming> {
  const { path, name, digest } = source
  let row = 0
  for await (const line of readLines(source.chunks, path)) {
    row++
    const place = { path, line: line.line }
    const object = parseObject(line.text, place)
    const content = digest !== undefined ? [] : [createHash('sha256').update(line.text.trim()).digest('base64')]
    const identity = ['ndjson', row, ...content]
    if (mapping === undefined) yield toEvent(object, line, place, derivedId([name, ...identity], digest))
    else yield toIncoming({ ...toRecord(object, mapping, place), identity, sizeBytes: line.sizeBytes }, mapping, source)
  }
}

function toRecord(
  object: JsonObject,
  { pseudonyms }: Mapping,
  place: Place,
): Pick<FileRecord, 'place' | 'lookup' | 'namedLookup' | 'data'> {
  return {
    place,
    lookup: lookupIn(object, place),
    namedLookup: (nameOf) => lookupIn(renamed(object, pseudonyms, { nameOf, place }), place),
    data: object,
  }
}

function toEvent(object: JsonObject, { sizeBytes }: Line, place: Place, id: string): Incoming {
  const { stream, ...others } = object
  if (typeof stream !== 'string') {
    const hint =
      'A line is {"stream":…,"type":…,"data":…} and what else an event may have. For objects of another form, give --type and --stream.'
    throw importInvalid(place, 'has no stream', { pointer: '/stream', hint })
  }
  const members = Object.entries(others).filter(([member]) => !PLACES.has(member))
  // The store checks the members, and says which is wrong.
  const event = { id, ...Object.fromEntries(members) } as NewEvent & { readonly id: string }
  return { place, stream, event, derivedFrom: Object.hasOwn(others, 'id') ? 'content' : 'row', sizeBytes }
}
