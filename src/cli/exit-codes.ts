/** The exit codes of the command line; `perdure --help` prints the same table. */

export const EXIT = {
  done: 0,
  /** The command was understood and failed; stderr says why. */
  failed: 1,
  /** The command line could not be understood; nothing was opened. */
  usage: 2,
  /** An append was refused because a condition did not hold. */
  conflict: 3,
  /** A view was rejected by the gate. */
  rejected: 4,
  /** The log is damaged: what it holds cannot all be answered for. */
  notIntact: 5,
} as const

export type ExitCode = (typeof EXIT)[keyof typeof EXIT]
