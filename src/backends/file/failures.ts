/** From what the platform throws to what a caller can act on. */
import { PerdureError } from '../../errors.js'
import { messageOf } from '../../files/codes.js'

export function diskFull(path: string, cause: unknown): PerdureError<'disk-full'> {
  return new PerdureError(
    'disk-full',
    `there is no room to write ${path}`,
    { path },
    {
      cause,
      written: 'no',
      hint: 'Make room on the disk (or raise the quota or file size limit), then append again.',
    },
  )
}

type Written = 'no' | 'unknown' | undefined

const reopen =
  'Check the disk, then close the store and open it again: opening settles what was written. Until then it can be read.'

/** After this the kernel may call clean what never reached the disk: asking again would prove nothing. */
export function syncFailed(path: string, written: Written, cause: unknown): PerdureError<'sync-failed'> {
  return new PerdureError(
    'sync-failed',
    `syncing ${path} failed: ${messageOf(cause)}`,
    { path },
    {
      cause,
      hint: reopen,
      ...(written === undefined ? {} : { written }),
    },
  )
}

export function writeFailed(
  path: string,
  operation: string,
  written: Written,
  cause: unknown,
): PerdureError<'backend-failed'> {
  return new PerdureError(
    'backend-failed',
    `writing in ${path} failed: ${messageOf(cause)}`,
    { operation, path },
    {
      cause,
      hint: reopen,
      ...(written === undefined ? {} : { written }),
    },
  )
}

/** The lock is gone while we hold it, and another process has used that. */
export function lockLost(path: string): PerdureError<'store-locked'> {
  return new PerdureError(
    'store-locked',
    `another process has written to ${path} while this one held its lock`,
    { path },
    {
      written: 'no',
      hint: 'Do not remove the lock file, and keep logs on file systems that lock. Close the store; run perdure verify.',
    },
  )
}

export function readFailed(path: string, offset: number, cause: unknown): PerdureError<'backend-failed'> {
  return new PerdureError(
    'backend-failed',
    `reading ${path} at byte ${offset} failed: ${messageOf(cause)}`,
    { operation: 'read', path, offset },
    { cause, hint: 'Check the disk and its mount. Nothing has been changed; reading again may work.' },
  )
}

export interface CorruptFacts {
  readonly path: string
  readonly offset?: number
  readonly position?: number
  readonly expected?: string | number
  readonly found?: string | number
}

export function corrupt(problem: string, facts: CorruptFacts): PerdureError<'log-corrupt'> {
  const { path, offset, position } = facts
  const where = offset === undefined ? path : `${path} at byte ${offset}`
  const which = position === undefined ? '' : ` (from position ${position} on)`
  return new PerdureError('log-corrupt', `${where}: ${problem}${which}`, facts, {
    hint: 'Nothing has been changed. Restore the folder from a copy; perdure doctor says what is still whole.',
  })
}
