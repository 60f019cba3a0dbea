/** Texts with columns in braces, such as `order-{order id}`: how options say what an event is made of. */
import { InvalidArgumentError } from 'commander'
import { TAGS_LENGTH_MAX } from '../../events.js'

export interface Template {
  /** As the person wrote it. */
  readonly text: string
  /** Plain text, and names of columns. */
  readonly parts: readonly (string | { readonly column: string })[]
}

/** The values of a column in the record at hand: none if it is empty, several if it is a list. */
export type Lookup = (column: string) => readonly string[]

/** `{{` stands for a brace. @throws InvalidArgumentError */
export function parseTemplate(text: string): Template {
  const parts: (string | { readonly column: string })[] = []
  let rest = text
  while (rest !== '') {
    const [whole, plain, column] = /^(?:((?:[^{]|\{\{)+)|\{([^{}]+)\})/.exec(rest) ?? []
    if (whole === undefined)
      throw new InvalidArgumentError(`The brace at ${JSON.stringify(rest.slice(0, 20))} is not closed.`)
    parts.push(plain === undefined ? { column: column as string } : plain.replaceAll('{{', '{'))
    rest = rest.slice(whole.length)
  }
  if (parts.length === 0) throw new InvalidArgumentError('It is empty.')
  return { text, parts }
}

export function parseTagTemplate(text: string, before: readonly Template[] = []): Template[] {
  if (!/^[^:{]+:/.test(text)) throw new InvalidArgumentError('It is key:value, for example customer:{customer id}.')
  return [...before, parseTemplate(text)]
}

export function collectTemplates(text: string, before: readonly Template[] = []): Template[] {
  return [...before, parseTemplate(text)]
}

export function columnsOf(template: Template): string[] {
  return template.parts.flatMap((part) => (typeof part === 'string' ? [] : [part.column]))
}

/** Every text that comes of it: none if a column is empty, several if one is a list. At most one more than any event may have. */
export function expand({ parts }: Template, lookup: Lookup): readonly string[] {
  let texts = ['']
  for (const part of parts) {
    const values = typeof part === 'string' ? [part] : lookup(part.column)
    texts = texts.flatMap((text) => values.map((value) => text + value)).slice(0, TAGS_LENGTH_MAX + 1)
  }
  return texts
}
