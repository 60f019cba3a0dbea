/** Collects what opening finds and does, step by step. */
import type { BootStep } from '../protocol.js'

export class BootReport {
  readonly steps: BootStep[] = []

  add(step: string, found: string): void {
    this.steps.push({ step, found })
  }
}

export function count(number: number, noun: string, plural = `${noun}s`): string {
  return `${number} ${number === 1 ? noun : plural}`
}
