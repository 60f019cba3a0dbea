/** Progress of long work on stderr: one line that moves in a terminal, a few lines anywhere else. */
import { grouped } from './text.js'

export interface Progress {
  /** Begins a stage, and says so. */
  stage(text: string): void
  /** How far the stage has got. Cheap enough to call for every event. */
  at(done: number, total: number): void
  /** Takes the moving line away. */
  end(): void
}

interface ProgressStream {
  readonly isTTY?: boolean
  write(text: string): unknown
}

const TERMINAL_EVERY_MS = 80
const SPARSE_EVERY_MS = 3000

export function createProgress(stream: ProgressStream, silent = false): Progress {
  if (silent) return { stage: () => undefined, at: () => undefined, end: () => undefined }
  const moving = stream.isTTY === true
  let text = ''
  let shownAtMs = 0
  const show = (line: string): void => {
    shownAtMs = Date.now()
    stream.write(moving ? `\r\x1b[K${line}` : line + '\n')
  }
  return {
    stage: (next) => {
      text = next
      show(`${text} …`)
    },
    at: (done, total) => {
      if (Date.now() - shownAtMs < (moving ? TERMINAL_EVERY_MS : SPARSE_EVERY_MS)) return
      const percent = total === 0 ? 100 : Math.floor((done / total) * 100)
      show(`${text} … ${grouped(done)} of ${grouped(total)} (${percent} %)`)
    },
    end: () => {
      if (moving) stream.write('\r\x1b[K')
    },
  }
}
