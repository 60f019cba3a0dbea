/**
 * The bare limit of an append in memory: build the recorded event, freeze it, push it to an array of all and to an
 * array of its stream.
 *
 * Left out: checking what was given, a line to hash and copy, an index of ids (so no idempotence), an index of tags,
 * conditions, refusals with the truth in them, a promise to await.
 */
import { randomUUID } from 'node:crypto'
import { type HandEvent, sampleEvent, sampleStream } from '../sample-events.js'

export class HandLog {
  readonly all: HandEvent[] = []
  readonly streams = new Map<string, HandEvent[]>()

  append(stream: string, index: number): void {
    const { type, tags, data } = sampleEvent(index)
    let events = this.streams.get(stream)
    if (events === undefined) this.streams.set(stream, (events = []))
    const position = this.all.length + 1
    const event = Object.freeze({
      position,
      commit: Object.freeze([position, 1] as const),
      stream,
      revision: events.length + 1,
      id: randomUUID(),
      type,
      version: 1,
      time: new Date().toISOString(),
      tags: Object.freeze(tags),
      meta: Object.freeze({}),
      data: Object.freeze(data),
    }) as HandEvent
    this.all.push(event)
    events.push(event)
  }
}

export function appendByHand(count: number): number {
  const log = new HandLog()
  for (let i = 0; i < count; i++) log.append(sampleStream(i), i)
  return log.all.length
}
