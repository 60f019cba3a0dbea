/** The addresses that `open` takes: what each means, and a refusal of what is none that repeats no secret. */
import { resolve, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { PerdureError } from './errors.js'

export type Address =
  /** No name: a log of its own each time. */
  { readonly kind: 'memory'; readonly name: string } | { readonly kind: 'file'; readonly folder: string }

/** @throws PerdureError `options-invalid`, `unsupported` */
export function parseAddress(at: string): Address {
  const colon = at.indexOf(':')
  const scheme = at.slice(0, Math.max(0, colon))
  const rest = at.slice(colon + 1)
  switch (scheme) {
    case 'memory':
      return { kind: 'memory', name: rest }
    case 'file':
      if (rest === '') throw invalidAddress(at, 'names no folder')
      return { kind: 'file', folder: rest.startsWith('//') ? folderOfUrl(at) : rest }
    case 'postgres':
    case 'postgresql':
      throw new PerdureError(
        'unsupported',
        'this version of Perdure has no PostgreSQL backend yet',
        { feature: scheme },
        { hint: 'Use memory: or file:<folder>.' },
      )
    default:
      throw invalidAddress(at, 'is not the address of a store')
  }
}

/** By name: whether one folder is the other, or stands in it. */
export function isInside(folder: string, parent: string): boolean {
  const [inner, outer] = [resolve(folder), resolve(parent)]
  return inner === outer || inner.startsWith(outer + sep)
}

function folderOfUrl(at: string): string {
  try {
    return fileURLToPath(at)
  } catch {
    throw invalidAddress(at, 'is not the URL of a folder on this machine')
  }
}

export function invalidAddress(at: string, problem: string): PerdureError<'options-invalid'> {
  const hint = "Say 'memory:' or 'file:<folder>', for example file:./data."
  return new PerdureError('options-invalid', `${withoutSecrets(at)} ${problem}`, { option: 'at' }, { hint })
}

/**
 * Addresses of other stores hold passwords and tokens, and errors end up in logs: of a URL only the scheme and the host
 * are repeated. A path is repeated whole, since it is what the person has to look at.
 */
function withoutSecrets(at: string): string {
  const [, scheme, slashes, host = '', more] = /^([a-z][a-z0-9+.-]+:)(\/\/)?([^/\\?#:]*)?(.*)$/is.exec(at) ?? []
  if (scheme === undefined) return /[@?#=]/.test(at) ? 'what was given' : JSON.stringify(at)
  // Where there is a user, it cannot be told for certain where a password ends.
  const isHostKnown = slashes !== undefined && !at.includes('@')
  const shown = isHostKnown ? scheme + slashes + host : scheme
  const isWhole = isHostKnown ? more === '' : at === scheme
  return JSON.stringify(isWhole ? shown : `${shown}…`)
}
