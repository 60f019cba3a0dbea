/** The check of new data against a declared schema: JSON Schema, or any validator that speaks Standard Schema. */
import { NotJson, pointerPart, type Json } from '../json.js'
import { invalidEvent } from './encoding.js'
import { compileSchema, type JSONSchema } from './json-schema.js'

/** https://standardschema.dev, version 1: what zod, valibot, arktype and others implement. */
export interface StandardSchema<Input = unknown, Output = Input> {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    readonly validate: (value: unknown) => StandardResult | Promise<StandardResult>
    readonly types?: { readonly input: Input; readonly output: Output } | undefined
  }
}

type StandardResult =
  { readonly value: unknown; readonly issues?: undefined } | { readonly issues: readonly StandardIssue[] }

interface StandardIssue {
  readonly message: string
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined
}

/** @throws PerdureError `event-invalid` with the pointer of what does not fit */
export type DataCheck = (data: Json, index: number) => void

/** @throws if a JSON Schema does not compile */
export function createDataCheck(schema: JSONSchema | StandardSchema): DataCheck {
  return isStandard(schema) ? createStandardCheck(schema) : createSchemaCheck(schema)
}

function isStandard(schema: JSONSchema | StandardSchema): schema is StandardSchema {
  return (typeof schema === 'object' || typeof schema === 'function') && '~standard' in schema
}

function createStandardCheck(schema: StandardSchema): DataCheck {
  return (data, index) => {
    const result = validate(schema, data, index)
    if ('then' in result) {
      // Nobody waits for it, so its failure must not end the process.
      result.then(undefined, () => undefined)
      // zod gives a promise for a validator that threw, too.
      throw invalidEvent(index, '/data', 'has an asynchronous validator (or one that threw): a log cannot wait for it')
    }
    const issue = result.issues?.[0]
    if (issue === undefined) return
    const steps = (issue.path ?? []).map((step) => pointerPart(String(typeof step === 'object' ? step.key : step)))
    throw invalidEvent(index, `/data${steps.join('')}`, `does not fit its schema: ${issue.message}`)
  }
}

/** A validator that throws has not said that the data fits. */
function validate(schema: StandardSchema, data: Json, index: number): StandardResult | Promise<StandardResult> {
  try {
    return schema['~standard'].validate(data)
  } catch (error) {
    throw invalidEvent(index, '/data', `cannot be checked, its validator threw: ${messageOf(error)}`)
  }
}

function createSchemaCheck(schema: JSONSchema): DataCheck {
  const findMisfit = compileSchema(schema)
  return (data, index) => {
    const misfit = findMisfit(data)
    if (misfit !== undefined)
      throw invalidEvent(index, `/data${misfit.pointer}`, `does not fit its schema: it ${misfit.problem}`)
  }
}

/** Why something failed, for a sentence. */
export function messageOf(error: unknown): string {
  if (error instanceof NotJson) return `it gave a value that is not JSON: ${error.message}`
  return error instanceof Error ? error.message : String(error)
}
