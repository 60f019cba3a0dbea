/** Master keys of this machine: in a file beside the records, or given by the environment. */
import fs from 'node:fs'
import { dirname } from 'node:path'
import { fromBase64, toBase64 } from '../base64.js'
import { isMissing } from '../files/codes.js'
import { nodePlatform } from '../files/node-platform.js'
import { keysCorrupt, keysExposed, masterKeyMissing, masterKeyWrong } from './failures.js'
import type { KeyProvider } from './key-store.js'
import { checkValueOf, createNonces, KEY_SIZE_BYTES, openBytes, sealBytes } from './sealing.js'

/** 32 bytes as base64. The former one, while keys are wrapped anew. */
export const MASTER_VARIABLE = 'PERDURE_MASTER_KEY'
export const FORMER_VARIABLE = 'PERDURE_MASTER_KEY_FORMER'

export type Environment = Readonly<Record<string, string | undefined>>

const NONCE_SIZE_BYTES = 12

interface Masters {
  readonly current: string | undefined
  readonly keys: ReadonlyMap<string, Uint8Array>
}

/** A master key is named by what it is, so another one cannot be taken for it. */
export function masterName(key: Uint8Array): string {
  return `m-${Buffer.from(checkValueOf(key), 'base64').toString('hex').slice(0, 16)}`
}

/** Read anew each time: another process may be rotating. */
export class LocalProvider implements KeyProvider {
  readonly name: string
  readonly #path: string
  readonly #environment: Environment
  readonly #random: (bytes: number) => Uint8Array
  readonly #exclusively: (step: () => void) => void
  readonly #nonces: () => Uint8Array

  /** `exclusively`: while the step runs, no other process changes the file. */
  constructor(
    path: string,
    environment: Environment,
    random: (bytes: number) => Uint8Array,
    exclusively: (step: () => void) => void = (step) => step(),
  ) {
    this.name = isGiven(environment) ? MASTER_VARIABLE : path
    this.#path = path
    this.#environment = environment
    this.#random = random
    this.#exclusively = exclusively
    this.#nonces = createNonces(random)
  }

  async current(): Promise<string> {
    const { current } = this.#masters()
    if (current === undefined) throw masterKeyMissing('current', this.name)
    return current
  }

  async wrap(master: string, key: Uint8Array, context: string): Promise<Uint8Array> {
    const nonce = this.#nonces()
    const { encrypted, tag } = sealBytes(this.#master(master), contextOf(master, context), key, nonce)
    return Buffer.concat([nonce, encrypted, tag])
  }

  async unwrap(master: string, wrapped: Uint8Array, context: string): Promise<Uint8Array> {
    const [nonce, box] = [wrapped.subarray(0, NONCE_SIZE_BYTES), wrapped.subarray(NONCE_SIZE_BYTES)]
    const key = openBytes(this.#master(master), contextOf(master, context), nonce, box)
    if (key === undefined) throw masterKeyWrong(master, this.name)
    return key
  }

  /** A master key that the environment gives is renewed there. */
  async renew(former: string): Promise<void> {
    if (isGiven(this.#environment)) return
    this.#exclusively(() => {
      const { current = former } = readFile(this.#path)
      if (current === former) this.make()
    })
  }

  async retire(former: string): Promise<void> {
    this.#exclusively(() => {
      const { current, keys } = readFile(this.#path)
      const left = new Map([...keys].filter(([name]) => name !== former))
      if (left.size === keys.size) return
      const [first] = left.keys()
      if (first === undefined) removeFile(this.#path)
      else writeFile(this.#path, current !== undefined && left.has(current) ? current : first, left)
    })
  }

  /** A new master key in the file, which becomes the current one. */
  make(): void {
    const key = this.#random(KEY_SIZE_BYTES)
    const name = masterName(key)
    writeFile(this.#path, name, new Map([...readFile(this.#path).keys, [name, key]]))
  }

  #master(name: string): Uint8Array {
    const key = this.#masters().keys.get(name)
    if (key === undefined) throw masterKeyMissing(name, this.name)
    return key
  }

  #masters(): Masters {
    const file = readFile(this.#path)
    const given = [MASTER_VARIABLE, FORMER_VARIABLE].flatMap((variable) => {
      const key = readVariable(this.#environment, variable)
      return key === undefined ? [] : [[masterName(key), key] as const]
    })
    const current = isGiven(this.#environment) ? given[0]?.[0] : file.current
    return { current, keys: new Map([...file.keys, ...given]) }
  }
}

function contextOf(master: string, context: string): string {
  return JSON.stringify(['perdure master 1', master, context])
}

export function isGiven(environment: Environment): boolean {
  return (environment[MASTER_VARIABLE] ?? '') !== ''
}

function readVariable(environment: Environment, variable: string): Uint8Array | undefined {
  const text = environment[variable]
  if (text === undefined || text === '') return undefined
  const key = fromBase64(text.trim())
  if (key?.length === KEY_SIZE_BYTES) return key
  throw keysCorrupt(`the environment variable ${variable}`, 'is not 32 bytes as base64')
}

/** @throws PerdureError `keys-exposed` if others than its owner could read or change it */
export function assertPrivate(path: string): void {
  // Windows knows no such modes.
  if (process.platform === 'win32') return
  const mode = fs.statSync(path).mode & 0o7777
  if ((mode & 0o077) !== 0) throw keysExposed(path, mode)
}

function readFile(path: string): Masters {
  try {
    return readOnce(path)
  } catch {
    // What was read may have been the former file, overwritten once another stood in its place: see replace.
    return readOnce(path)
  }
}

function readOnce(path: string): Masters {
  let text: string
  try {
    text = fs.readFileSync(path, 'utf8')
  } catch (error) {
    if (isMissing(error)) return { current: undefined, keys: new Map() }
    throw error
  }
  assertPrivate(path)
  return parseFile(path, text)
}

function parseFile(path: string, text: string): Masters {
  try {
    const { perdureMasterKeys: format, current, keys } = JSON.parse(text) as Record<string, unknown>
    const parsed = new Map<string, Uint8Array>()
    for (const [name, base64] of Object.entries(keys as Record<string, unknown>)) {
      const key = fromBase64(base64)
      if (key?.length !== KEY_SIZE_BYTES || masterName(key) !== name) throw new Error('one of them is malformed')
      parsed.set(name, key)
    }
    if (format === 1 && typeof current === 'string' && parsed.has(current)) return { current, keys: parsed }
  } catch {
    // What failed to parse is secret: nothing of it may stand in an error.
  }
  throw keysCorrupt(path, 'is damaged: it does not hold master keys as they were written')
}

function writeFile(path: string, current: string, keys: ReadonlyMap<string, Uint8Array>): void {
  const entries = [...keys].map(([name, key]) => [name, toBase64(key)])
  const content = { perdureMasterKeys: 1, current, keys: Object.fromEntries(entries) as object }
  const next = `${path}.new`
  fs.rmSync(next, { force: true })
  fs.writeFileSync(next, `${JSON.stringify(content)}\n`, { mode: 0o600, flag: 'wx', flush: true })
  replace(path, () => {
    fs.renameSync(next, path)
  })
}

function removeFile(path: string): void {
  replace(path, () => {
    fs.rmSync(path, { force: true })
  })
}

/** What stood in the file before is overwritten: it would stay on the disk without a name. */
function replace(path: string, step: () => void): void {
  const former = openFormer(path)
  try {
    step()
    nodePlatform.files.syncFolder(dirname(path))
    if (former === undefined) return
    fs.writeSync(former, Buffer.alloc(fs.fstatSync(former).size), 0, undefined, 0)
    fs.fsyncSync(former)
  } finally {
    if (former !== undefined) fs.closeSync(former)
  }
}

function openFormer(path: string): number | undefined {
  try {
    return fs.openSync(path, 'r+')
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}
