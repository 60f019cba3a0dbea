/** A row of docs/performance.md: something measured, the goal it is held to, and what a run of it found. */

export interface Context {
  /** An empty folder for this row alone, on the disk that is measured. */
  readonly folder: string
  /** A folder that lasts for the whole run: for logs that several rows read. */
  readonly shared: string
  readonly pairs: number
  /** `count`, or a tenth of it in a quick run. */
  readonly scale: (count: number) => number
}

export interface Figures {
  /** Readable, with their units: `5,200/s`. */
  readonly ours: string
  readonly bare: string
  /** What the goal is about: the median, and the quartiles. */
  readonly value: number
  readonly low: number
  readonly high: number
}

export interface Row {
  /** For `--only`. */
  readonly name: string
  readonly title: string
  /** What `bare` is. */
  readonly against: string
  /** `ratio`: at least so much of the bare limit. `times`: at most so many times as long. `MB`: at most so much. */
  readonly unit: 'ratio' | 'times' | 'MB'
  readonly goal: number
  readonly aim: number
  readonly measure: (context: Context) => Promise<Figures>
}

export interface Outcome extends Omit<Row, 'measure'>, Figures {
  readonly met: 'aim' | 'goal' | 'missed'
}

export function judge(row: Row, figures: Figures): Outcome {
  const { measure: _measure, ...facts } = row
  const reaches = (bound: number): boolean => (row.unit === 'ratio' ? figures.value >= bound : figures.value <= bound)
  return { ...facts, ...figures, met: reaches(row.aim) ? 'aim' : reaches(row.goal) ? 'goal' : 'missed' }
}

/** 0.839 → `83 %` (never rounded up to a goal), 1.9 → `1.9 ×`, 71.4 → `71 MB`. */
export function formatValue(unit: Row['unit'], value: number): string {
  if (unit === 'ratio') return `${Math.floor(value * 100)} %`
  return unit === 'times' ? `${value.toFixed(1)} ×` : `${Math.round(value)} MB`
}

export function formatRate(perSecond: number): string {
  return `${Math.round(perSecond).toLocaleString('en')}/s`
}
