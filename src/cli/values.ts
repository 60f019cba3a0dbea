/** Values on the command line: what each option's text means, and a clear refusal of what means nothing. */
import { InvalidArgumentError } from 'commander'
import { createReadStream } from 'node:fs'
import type { Readable } from 'node:stream'
import type { Expect } from '../events.js'
import { NotJson, parseJsonText, type Json } from '../json.js'
import { checkName, checkTag, checkTime } from '../log/names.js'
import { isPerdureError, PerdureError } from '../errors.js'
import { CommandError } from './failures.js'

/** 0, 1, 2… */
export function parseCount(text: string): number {
  const count = /^\d{1,16}$/.test(text) ? Number(text) : NaN
  if (!Number.isSafeInteger(count)) throw new InvalidArgumentError('It is a whole number, 0 or more.')
  return count
}

/** 1, 2, 3… */
export function parsePositive(text: string): number {
  const count = /^\d{1,16}$/.test(text) ? Number(text) : NaN
  if (!Number.isSafeInteger(count) || count === 0) {
    throw new InvalidArgumentError('It is a whole number, 1 or more.')
  }
  return count
}

/** Seconds, also parts of one, up to a day. In milliseconds. */
export function parseSecondsToMs(text: string): number {
  const seconds = /^\d{1,5}(\.\d{1,3})?$/.test(text) ? Number(text) : NaN
  if (!(seconds <= 86_400)) throw new InvalidArgumentError('It is a number of seconds, 0 to 86400.')
  return Math.round(seconds * 1000)
}

/** A stream, type, id or subject. */
export function parseName(text: string): string {
  return checked(text, checkName(text))
}

/** A time with an offset, as RFC 3339 has it. */
export function parseTime(text: string): string {
  return checked(text, checkTime(text))
}

function checked(text: string, problem: string | undefined): string {
  if (problem !== undefined) throw new InvalidArgumentError(`It ${problem}.`)
  return text
}

export function parseExpect(text: string): Expect {
  if (text === 'any' || text === 'new' || text === 'exists') return text
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('It is any, new, exists, or a revision (0, 1, 2…).')
  return parseCount(text)
}

/** What a put or delete of a current value expects. */
export function parseExpectOfEntry(text: string): number | 'new' {
  if (text === 'new') return text
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('It is new, or a revision (0, 1, 2…).')
  return parseCount(text)
}

/** A position, or a time for {@link Date}. */
export function parsePositionOrTime(text: string): number | Date {
  if (/^\d+$/.test(text)) return parseCount(text)
  const time = new Date(text)
  if (Number.isNaN(time.getTime())) throw new InvalidArgumentError('It is a position (0, 1, 2…) or a time.')
  return time
}

/** A position, or where the log ends. */
export function parsePositionOrHead(text: string): number | 'head' {
  if (text === 'head') return text
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('It is a position (0, 1, 2…) or head.')
  return parseCount(text)
}

/** For options that may be given several times. */
export function collect(text: string, before: readonly string[] = []): string[] {
  return [...before, text]
}

export function collectNames(text: string, before?: readonly string[]): string[] {
  return collect(parseName(text), before)
}

export function collectTags(text: string, before?: readonly string[]): string[] {
  return collect(checked(text, checkTag(text)), before)
}

/**
 * JSON from the argument itself, from a file (`@name`) or from standard input (`-`).
 *
 * @throws PerdureError `event-invalid` when it is not JSON that can be kept as it stands
 */
export async function readJsonArgument(argument: string, pointer: string, input: Readable): Promise<Json> {
  const text = await readTextArgument(argument, pointer, input)
  try {
    return parseJsonText(text)
  } catch (error) {
    if (!(error instanceof NotJson)) throw error
    const facts = { index: 0, pointer: pointer + error.pointer }
    const hint = 'Give JSON as the argument itself, as @file, or as - for standard input.'
    throw new PerdureError('event-invalid', `${pointer} ${error.problem}`, facts, { hint, written: 'no' })
  }
}

/** The text that a file (`@name`) or standard input (`-`) holds, or the argument itself. */
export async function readTextArgument(argument: string, pointer: string, input: Readable): Promise<string> {
  if (argument === '-') return decodeUtf8(await readAll(input, pointer), 'standard input')
  if (!argument.startsWith('@')) return argument
  const path = argument.slice(1)
  try {
    return decodeUtf8(await readAll(createReadStream(path), pointer), path)
  } catch (error) {
    if (error instanceof CommandError || isPerdureError(error)) throw error
    const why = error instanceof Error ? error.message : String(error)
    throw new CommandError('failed', `cannot read ${path}: ${why}`, { written: 'no' })
  }
}

/** No data that could be recorded is written longer than this; what is longer is not read to its end. */
const TEXT_SIZE_MAX_BYTES = 16 * 1024 * 1024

async function readAll(input: Readable, pointer: string): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of input) {
    chunks.push(chunk as Uint8Array)
    bytes += (chunk as Uint8Array).length
    if (bytes > TEXT_SIZE_MAX_BYTES) {
      const message = `${pointer} is longer than ${TEXT_SIZE_MAX_BYTES} bytes`
      const hint = 'Keep large objects outside, by reference.'
      throw new PerdureError('event-invalid', message, { index: 0, pointer }, { hint, written: 'no' })
    }
  }
  return Buffer.concat(chunks)
}

function decodeUtf8(bytes: Uint8Array, from: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new CommandError('failed', `${from} is not UTF-8`, { written: 'no' })
  }
}
