/** Steps that need no parameters. */
import { TINY_SEGMENT_BYTES } from '../scenario.js'

export const reopen = { do: 'reopen' } as const
export const idle = { do: 'idle' } as const
export const read = { do: 'read' } as const
export const healthy = { do: 'healthy' } as const
export const segmentBytes = TINY_SEGMENT_BYTES
