/** How outcomes are shown: to a person who waits, and as the table of docs/performance.md. */
import { formatValue, type Outcome } from './row.js'

const VERDICTS = { aim: 'aim reached', goal: 'goal met', missed: 'MISSED' } as const

export function formatOutcome(outcome: Outcome): string {
  const { title, against, ours, bare, met } = outcome
  const { value, spread, goal, aim } = formatFigures(outcome)
  return [
    `\n${title}`,
    `  Perdure ${ours}   bare ${bare}   (${against})`,
    `  ${value} (${spread})   goal ${goal}, aim ${aim}   ${VERDICTS[met]}`,
  ].join('\n')
}

export function formatTable(outcomes: readonly Outcome[]): string {
  const rows = outcomes.map((outcome) => {
    const { value, spread, goal, aim } = formatFigures(outcome)
    const { title, against, ours, bare, met } = outcome
    return `| ${title} | ${against} | ${ours} | ${bare} | **${value}** (${spread}) | ${goal} | ${aim} | ${VERDICTS[met]} |`
  })
  return [
    '| row | bare limit | Perdure | bare | found | goal | aim | |',
    '|---|---|---|---|---|---|---|---|',
    ...rows,
  ].join('\n')
}

function formatFigures({
  unit,
  value,
  low,
  high,
  goal,
  aim,
}: Outcome): Record<'value' | 'spread' | 'goal' | 'aim', string> {
  const show = (figure: number): string => formatValue(unit, figure)
  const bound = unit === 'ratio' ? 'at least' : 'at most'
  return { value: show(value), spread: `${show(low)} to ${show(high)}`, goal: `${bound} ${show(goal)}`, aim: show(aim) }
}
