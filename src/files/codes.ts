/** What the world's errors say of themselves: Node's codes. */

export function codeOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : ''
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** The disk, the quota or the size limit is reached: nothing is broken, and room may come back. */
export function isOutOfSpace(error: unknown): boolean {
  return ['ENOSPC', 'EDQUOT', 'EFBIG'].includes(codeOf(error))
}

export function isMissing(error: unknown): boolean {
  return codeOf(error) === 'ENOENT'
}
