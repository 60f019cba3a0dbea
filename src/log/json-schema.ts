/** JSON Schema: compiled with Ajv, which is loaded when the first schema is declared; most programs declare none. */
import { createRequire } from 'node:module'
import type * as AjvModule from 'ajv/dist/2020.js'
import type * as Re2Module from 're2js'
import type { Json } from '../json.js'

/** JSON Schema, draft 2020-12. */
export type JSONSchema = boolean | { readonly [keyword: string]: unknown }

/** Where data does not fit a schema, and how. */
export interface Misfit {
  readonly pointer: string
  readonly problem: string
}

const load = createRequire(import.meta.url)

/** @throws if the schema is none */
export function compileSchema(schema: JSONSchema): (data: Json) => Misfit | undefined {
  const { Ajv2020 } = load('ajv/dist/2020.js') as typeof AjvModule
  const formats = load('ajv-formats') as { default: (ajv: AjvModule.Ajv2020) => unknown }
  const { RE2JS } = load('re2js') as typeof Re2Module
  // A pattern comes from whoever wrote the schema: matched in linear time, so that no text can hang an append. Ajv only
  // ever calls `test`.
  const linear = (pattern: string): RegExp => {
    const compiled = RE2JS.compile(pattern)
    return { test: (text: string) => compiled.matcher(text).find() } as RegExp
  }
  const ajv = new Ajv2020({ strict: false, code: { regExp: Object.assign(linear, { code: 'linear' }) } })
  formats.default(ajv)
  const validate = ajv.compile(schema)
  return (data) => {
    if (validate(data)) return undefined
    const [error] = validate.errors ?? []
    return { pointer: error?.instancePath ?? '', problem: error?.message ?? 'does not fit' }
  }
}
