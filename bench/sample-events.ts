/** The events that every row writes: about 300 bytes as a line, five types, a tag, a thousand streams in turn. */
import { randomUUID } from 'node:crypto'
import type { NewEvent } from '../src/index.js'

export const STREAMS_COUNT = 1000

/** In turn, so that each is a fifth of any log. */
export const TYPES = ['order_placed', 'order_paid', 'order_packed', 'order_shipped', 'order_closed'] as const

/** Of a kind and size that an application would write: a few names, numbers, one sentence. */
export function sampleEvent(index: number): NewEvent {
  return {
    type: TYPES[index % TYPES.length] as string,
    tags: [`customer:c${index % 97}`],
    data: {
      order: index,
      amount: (index % 1000) / 8,
      currency: 'EUR',
      note: 'left with the neighbour at number 12, who will be in until eight',
    },
  }
}

export function sampleStream(index: number): string {
  return `order-${index % STREAMS_COUNT}`
}

/** What a recorded event looks like to somebody who builds it by hand. */
export interface HandEvent {
  readonly position: number
  readonly commit: readonly [number, number]
  readonly stream: string
  readonly revision: number
  readonly id: string
  readonly type: string
  readonly version: number
  readonly time: string
  readonly tags: readonly string[]
  readonly meta: object
  readonly data: unknown
}

/** The same event as a program without Perdure would record it: about the same bytes. */
export function handEvent(index: number): object {
  const { type, tags, data } = sampleEvent(index)
  const place = { position: index + 1, stream: sampleStream(index), revision: 1 + Math.floor(index / STREAMS_COUNT) }
  return { ...place, id: randomUUID(), type, time: new Date().toISOString(), tags, data }
}

export function handLine(index: number): string {
  return JSON.stringify(handEvent(index)) + '\n'
}

/** How many events must be there, and are. A benchmark that counts what was not done measures nothing. */
export function assertCount(what: string, found: number, expected: number): void {
  if (found !== expected) throw new Error(`${what}: ${found} events instead of ${expected}`)
}
