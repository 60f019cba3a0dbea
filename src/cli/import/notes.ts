/** What a person should know of an import that found events in the log already: it may be of another file. */
import { basename, dirname, resolve } from 'node:path'
import { plural } from '../text.js'
import { STANDARD_INPUT, type Source } from './source.js'
import type { ImportCounts } from './tally.js'

/** Nothing for an import in which everything was new. */
export function notesOf(counts: ImportCounts, source: Source): string[] {
  const { repeated, knownByName } = counts
  const notes: string[] = []
  if (repeated > 0) notes.push(`${plural(repeated, 'event')} of the file had the id of an earlier one and its content.`)
  if (knownByName > 0) notes.push(knownBefore(counts, source))
  return notes
}

/** Two files of one name are one source: what they have in common is recorded once. */
function knownBefore({ events, knownByName, isMixed }: ImportCounts, source: Source): string {
  const share = knownByName === events ? 'all of them' : `${knownByName} of ${events} events`
  const found = `${share} were recorded before under the name ${JSON.stringify(source.name)}`
  // A file that has grown begins with what was known; rows that --id tells apart may change their order.
  const doubt = isMixed
    ? 'some of them after new ones, so this is another file, or one whose rows have changed'
    : 'and are taken for the same'
  return `${found}, ${doubt}. If it is another file, import it with a name of its own: --name ${suggestion(source)}`
}

function suggestion({ path }: Source): string {
  if (path === STANDARD_INPUT) return '<another name>'
  return JSON.stringify(`${basename(dirname(resolve(path)))}/${basename(path)}`)
}
