/** What every campaign is: numbered cases, each of which builds disks, recovers from them, and holds them to the model. */
import { NOTHING_EXPECTED } from '../audit.js'
import { EMPTY_IMAGE } from '../image.js'
import { Life } from '../life.js'
import type { Mark, Subject } from '../subject.js'
import type { CrashState } from '../moments.js'
import { put, type Scenario } from '../scenario.js'

export interface Context {
  readonly subject: Subject
  readonly mark: Mark
  /** Counts disk states from which the log was recovered and audited. */
  readonly count: (states: number) => void
}

export interface Campaign {
  readonly name: string
  /** How many cases there are. */
  readonly count: number
  /** What the case with this number is, for a person. */
  describe(k: number): string
  /** @throws Violation */
  run(k: number): Promise<void>
}

/** A life that has been lived without any fault but the scripted ones. */
export async function record({ subject, mark }: Context, scenario: Scenario): Promise<Life> {
  const life = new Life(subject, scenario, 1, mark)
  await life.run()
  return life
}

export function resume(context: Context, scenario: Scenario, state: CrashState, turn: number): Life {
  return new Life(context.subject, scenario, turn, context.mark, state)
}

/** Opens the log of a crash state, audits it, goes on with it, and on some turns loses it once more. */
export async function recover(context: Context, scenario: Scenario, state: CrashState, turn: number): Promise<void> {
  const life = resume(context, scenario, state, turn)
  if (await life.open()) await goOn(life, turn)
  context.count(life.opened)
}

/** I12, and that what recovery answered stays. */
export async function goOn(life: Life, turn: number): Promise<void> {
  await life.append([put('afterwards', `r${life.certain.length}`)])
  if (life.usesValues) await life.values.put([{ key: 'afterwards', value: `r${turn}` }])
  const next = turn % 16
  if (next === 0) await life.take({ do: 'power', leaves: 'lose' })
  else if (next === 1) await life.take({ do: 'reopen' })
  else if (next === 2) await life.take({ do: 'kill' })
  else if (next === 3) {
    await life.take({ do: 'idle' })
    await life.take({ do: 'power', leaves: 'lose' })
  }
}

export const NO_STATE: CrashState = {
  image: EMPTY_IMAGE,
  expectation: NOTHING_EXPECTED,
  place: 'nothing',
}
