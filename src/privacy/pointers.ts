/** Parts of a value, by JSON Pointer (RFC 6901). */
import type { Json } from '../json.js'

type Container = Record<string, Json> | Json[]

function stepsOf(pointer: string): readonly string[] {
  if (pointer === '') return []
  return pointer
    .slice(1)
    .split('/')
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))
}

/** Puts a value in the place of the one at the pointer, which is there and not the root. @returns the former one */
export function replaceAt(root: Json, pointer: string, value: Json): Json {
  const steps = stepsOf(pointer)
  let parent = root as Container
  for (const step of steps.slice(0, -1)) parent = valueAt(parent, step) as Container
  const last = steps.at(-1) as string
  const former = valueAt(parent, last)
  // Also where the member is called `__proto__`.
  Object.defineProperty(parent, last, { value, writable: true, enumerable: true, configurable: true })
  return former
}

function valueAt(parent: Container, step: string): Json {
  return Object.getOwnPropertyDescriptor(parent, step)?.value as Json
}

/** Whether one lies within another, or is the same. */
export function overlap(pointers: readonly string[]): boolean {
  const sorted = pointers.map((pointer) => `${pointer}/`).sort()
  return sorted.some((pointer, i) => sorted[i + 1]?.startsWith(pointer) === true)
}
