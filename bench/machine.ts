/** What the figures were measured on. */
import { statfsSync } from 'node:fs'
import { availableParallelism, cpus, totalmem } from 'node:os'

export interface Machine {
  readonly cpu: string
  readonly cores: number
  readonly memoryGiB: number
  readonly node: string
  readonly platform: string
  /** The type number of the file system that was written to, as `stat -f` knows it. */
  readonly fileSystem: string
}

export function describeMachine(folder: string): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    fileSystem: `0x${statfsSync(folder).type.toString(16)}`,
  }
}

export function formatMachine({ cpu, cores, memoryGiB, node, platform, fileSystem }: Machine): string {
  return `${cpu}, ${cores} cores, ${memoryGiB} GiB, ${platform}, node ${node}, file system ${fileSystem}`
}
