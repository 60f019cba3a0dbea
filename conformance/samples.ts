/** Events for promises that do not care which. */
import type { NewEvent } from '../src/index.js'

export function note(text: string, more: Partial<NewEvent> = {}): NewEvent {
  return { type: 'note_taken', data: { text }, ...more }
}

/** `count` notes, `a 1`, `a 2`…; `more` may differ from one to the next. */
export function notes(count: number, prefix = 'a', more: (i: number) => Partial<NewEvent> = () => ({})): NewEvent[] {
  return Array.from({ length: count }, (_, i) => note(`${prefix} ${i + 1}`, more(i + 1)))
}
