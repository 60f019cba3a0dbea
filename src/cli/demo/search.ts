/** Looks for texts in files, byte by byte, in every form in which a program could have left them. */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'

export interface Searched {
  readonly files: number
  readonly bytes: number
  /** Paths of files that hold one of the texts. */
  readonly found: readonly string[]
}

export function searchFiles(folders: readonly string[], texts: readonly string[]): Searched {
  const forms = texts.flatMap(formsOf)
  const paths = folders.flatMap(filesIn)
  let bytes = 0
  const found = paths.filter((path) => {
    const content = readFileSync(path)
    bytes += content.length
    return forms.some((form) => content.includes(form))
  })
  return { files: paths.length, bytes, found }
}

/**
 * Whether finding it would say something: not what is too short to be anything but chance among random letters, nor what
 * is a part of what is written in the clear anyhow.
 */
export function isTelling(text: string, inTheClear: Iterable<string>): boolean {
  const isLong = /[^A-Za-z0-9+/]/.test(text) ? text.length >= 4 : text.length >= 8
  if (!isLong) return false
  for (const other of inTheClear) if (other.includes(text)) return false
  return true
}

/** UTF-8, UTF-16, escaped as in JSON, and base64 wherever the text may begin in it. */
function formsOf(text: string): Buffer[] {
  const utf8 = Buffer.from(text)
  const escaped = JSON.stringify(text).slice(1, -1)
  const ascii = escaped.replace(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
  return [utf8, Buffer.from(text, 'utf16le'), Buffer.from(escaped), Buffer.from(ascii), ...inBase64(utf8)]
}

/** Of the three ways in which letters of base64 can fall on bytes, what does not depend on their neighbours. */
function inBase64(bytes: Uint8Array): Buffer[] {
  return [0, 1, 2].flatMap((before) => {
    const letters = Buffer.concat([Buffer.alloc(before), bytes])
      .toString('base64')
      .replace(/=+$/, '')
    const inner = letters.slice(Math.ceil((before * 4) / 3), Math.floor(((before + bytes.length) * 4) / 3))
    // Shorter ones come about by chance.
    return inner.length < 8 ? [] : [Buffer.from(inner)]
  })
}

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile())
}
