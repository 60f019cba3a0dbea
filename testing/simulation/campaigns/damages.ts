/** Damage at rest: every file of a log cut at every byte, flipped at every byte, emptied, deleted, exchanged, put back. */
import { auditDamaged } from '../damaged.js'
import { KV, readHead } from '../format-reader.js'
import { type Damage, damageImage, type DiskImage } from '../image.js'
import { Life } from '../life.js'
import { type CrashState, Moments } from '../moments.js'
import { Random } from '../random.js'
import { FOLDER, type Scenario } from '../scenario.js'
import { toleranceOf } from '../tolerance.js'
import { type Campaign, type Context, NO_STATE } from './campaign.js'

/** `atRest`: as the scenario leaves the disk. `lagging`: the power failed at the end, and no unsynced head survived. */
export function damageCampaign(context: Context, scenario: Scenario, life: Life, when: 'atRest' | 'lagging'): Campaign {
  const moments = new Moments(life.recordings)
  const intact = when === 'atRest' ? lastState(moments) : laggingState(moments)
  const damages = damagesOf(intact.image, earlierImage(moments), when)
  return {
    name: `${scenario.name}: damage ${when === 'atRest' ? 'at rest' : 'while the head lags'}`,
    count: damages.length,
    describe: (k) => JSON.stringify(damages[k], (key, value: unknown) => (key === 'bytes' ? undefined : value)),
    run: async (k) => {
      const damage = damages[k]
      if (damage === undefined) throw new RangeError(`there are ${damages.length} damages, not ${k}`)
      const image = damageImage(intact.image, damage)
      const life = new Life(context.subject, scenario, k, context.mark, { ...intact, image })
      await auditDamaged(life, toleranceOf(intact.image, image, damage), k)
      context.count(1)
    },
  }
}

function lastState(moments: Moments): CrashState {
  return moments.stateAt(moments.list.length - 1, () => ({ rest: 'apply' }))
}

/** The last moment at which, if the power fails, the head on the disk vouches for less than was acknowledged. */
function laggingState(moments: Moments): CrashState {
  for (let index = moments.list.length - 1; index >= 0; index--) {
    const state = moments.stateAt(index, () => ({ rest: 'drop' }))
    if (isLagging(state)) return state
  }
  return NO_STATE
}

function isLagging({ image, expectation }: CrashState): boolean {
  const { certain, uncertain, values } = expectation
  const [known, other] = values.possible
  if (uncertain.length > 0 || known === undefined || other !== undefined) return false
  const [events, puts] = [FOLDER, `${FOLDER}/${KV}`].map((folder) => readHead(image, folder)?.last ?? Infinity)
  return (events ?? Infinity) < certain.length || (puts ?? Infinity) < known.last
}

/** To put old copies of files back from. */
function earlierImage(moments: Moments): DiskImage {
  return moments.stateAt(Math.floor(moments.list.length / 2), () => ({ rest: 'apply' })).image
}

function damagesOf(image: DiskImage, earlier: DiskImage, when: 'atRest' | 'lagging'): Damage[] {
  const paths = besidesLog([...image.files.keys()]).filter((path) => when === 'atRest' || path.endsWith('.ndjson'))
  const ofFiles = paths.flatMap((path) => damagesOfFile(path, image.files.get(path) ?? new Uint8Array(0), earlier))
  const values = `${FOLDER}/${KV}`
  return image.folders.has(values) ? [...ofFiles, { kind: 'delete', path: values }] : ofFiles
}

/** The log's own files look the same in every scenario: where there are others, only these are damaged. */
function besidesLog(paths: readonly string[]): readonly string[] {
  const others = paths.filter((path) => path.includes(`/${KV}/`) || path.includes('/snapshots/'))
  return others.length > 0 ? others : paths
}

const COPIES_PER_FILE = 12

function damagesOfFile(path: string, bytes: Uint8Array, earlier: DiskImage): Damage[] {
  const damages: Damage[] = [{ kind: 'delete', path }]
  const old = earlier.files.get(path)
  if (old !== undefined) damages.push({ kind: 'restore', path, bytes: old })
  const random = new Random(bytes.length)
  for (const length of [1, 40, 600]) damages.push({ kind: 'extend', path, bytes: random.bytes(length) })
  damages.push({ kind: 'extend', path, bytes: bytes.slice(-200) })
  for (let size = 0; size < bytes.length; size += strideAt(path, size)) damages.push({ kind: 'truncate', path, size })
  for (let offset = 0; offset < bytes.length; offset += strideAt(path, offset)) {
    // The first bytes of a slot say which format it is of: every bit of them counts.
    const bits = path.endsWith('/head') && offset % 4096 < 14 ? [0, 1, 2, 3, 4, 5, 6, 7] : [random.below(8)]
    for (const bit of bits) damages.push({ kind: 'flip', path, offset, bit })
  }
  for (let i = 0; i < COPIES_PER_FILE && bytes.length > 2; i++) {
    const length = 1 + random.below(bytes.length >> 1)
    const [from, to] = [random.below(bytes.length - length), random.below(bytes.length - length)]
    damages.push({ kind: 'copy', path, from, to, length })
  }
  return damages
}

/** Every byte counts, but for two places. */
function strideAt(path: string, offset: number): number {
  // Between the slots of the head lie blanks that nobody reads.
  if (path.endsWith('/head')) return offset > 520 && offset < 4090 ? 64 : 1
  // Indexes are alike, and made of numbers of two, four and eight bytes: odd strides meet each part of these.
  if (!path.includes('/index/')) return 1
  return path.endsWith('/0000000000000001.index') ? 3 : 9
}
