/** Looking for personal strings in every byte of a folder, in each form in which a program might have written them. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { bytesOf } from './stores.js'

/** Where a string was found, and in which form. */
export interface Hit {
  readonly text: string
  readonly form: string
  /** Path within the folder. */
  readonly file: string
}

/** Every place in a folder, in contents of files and in names, at which one of the texts stands. */
export function findTexts(folder: string, texts: readonly string[]): readonly Hit[] {
  const places = [...bytesOf(folder)]
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  places.push(...names.map((name): [string, Buffer] => [`the name of ${name}`, Buffer.from(join(folder, name))]))
  return texts.flatMap((text) =>
    [...formsOf(text)].flatMap(([form, bytes]) =>
      places.filter(([, content]) => content.includes(bytes)).map(([file]) => ({ text, form, file })),
    ),
  )
}

/** Form → the bytes that it leaves wherever the text stands in something larger. */
export function formsOf(text: string): ReadonlyMap<string, Buffer> {
  const utf8 = Buffer.from(text)
  const forms = new Map([
    ['UTF-8', utf8],
    ['UTF-16LE', Buffer.from(text, 'utf16le')],
    ['UTF-16BE', Buffer.from(text, 'utf16le').swap16()],
    ['JSON', inside(JSON.stringify(text))],
    ['JSON in JSON', inside(JSON.stringify(inside(JSON.stringify(text)).toString()))],
    ['JSON in ASCII', inside(asciiJson(text))],
    ['JSON in ASCII, capitals', inside(asciiJson(text, true))],
    ['percent-encoded', Buffer.from(encodeURIComponent(text))],
    ['hex', Buffer.from(utf8.toString('hex'))],
  ])
  for (const [name, bytes] of [...forms].slice(0, 4)) {
    for (const shift of [0, 1, 2]) {
      const base64 = base64Of(bytes, shift)
      forms.set(`base64 of ${name}, shifted by ${shift}`, Buffer.from(base64))
      forms.set(
        `base64url of ${name}, shifted by ${shift}`,
        Buffer.from(base64.replaceAll('+', '-').replaceAll('/', '_')),
      )
    }
  }
  return forms
}

/** Without the characters that depend on what stands before and behind. */
function base64Of(bytes: Buffer, shift: number): string {
  const text = Buffer.concat([Buffer.alloc(shift), bytes]).toString('base64')
  const isWhole = (shift + bytes.length) % 3 === 0
  return text.slice(Math.ceil((shift * 8) / 6), isWhole ? undefined : Math.floor(((shift + bytes.length) * 8) / 6))
}

function inside(json: string): Buffer {
  return Buffer.from(json.slice(1, -1))
}

function asciiJson(text: string, capitals = false): string {
  return JSON.stringify(text).replaceAll(/[^ -~]/g, (character) => {
    const hex = character.charCodeAt(0).toString(16).padStart(4, '0')
    return `\\u${capitals ? hex.toUpperCase() : hex}`
  })
}
