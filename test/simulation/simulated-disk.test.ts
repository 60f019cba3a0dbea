/** The simulated disk itself: it must lose, tear and refuse as real ones do, or what it shows is worth nothing. */
import { expect, test } from 'vitest'
import type { File } from '../../src/files/platform.js'
import { SimulatedDisk } from '../../testing/simulated-disk.js'
import { KEEP_ALL, LOSE_ALL } from '../../testing/simulation/crash.js'
import { damageImage } from '../../testing/simulation/image.js'

const text = (bytes: Uint8Array | undefined): string | undefined =>
  bytes === undefined ? undefined : Buffer.from(bytes).toString()

function write(file: File, at: number, content: string): number {
  return file.write(Buffer.from(content), at)
}

/** A disk with a durable folder and a durable file `/d/f` in it. */
function diskWith(content: string): { disk: SimulatedDisk; file: File } {
  const disk = new SimulatedDisk({
    image: { folders: new Set(['/d']), files: new Map([['/d/f', Buffer.from(content)]]) },
  })
  return { disk, file: disk.files.open('/d/f', 'write') }
}

test('a write is read back at once and lost with the power unless it was synced', async () => {
  const { disk, file } = diskWith('old')
  write(file, 0, 'new')
  expect(text(disk.view().files.get('/d/f'))).toBe('new')
  expect(text(disk.crash(LOSE_ALL).files.get('/d/f'))).toBe('old')

  const other = diskWith('old')
  write(other.file, 0, 'new')
  await other.file.sync()
  expect(text(other.disk.crash(LOSE_ALL).files.get('/d/f'))).toBe('new')
})

test('a sync covers what was written before it was asked for, not what follows while it runs', async () => {
  const { disk, file } = diskWith('')
  write(file, 0, 'a')
  const synced = file.sync()
  write(file, 1, 'b')
  await synced
  expect(text(disk.crash(LOSE_ALL).files.get('/d/f'))).toBe('a')
})

test('a name is lost with the power until its folder is synced, even if the file was', () => {
  const { disk } = diskWith('')
  const made = disk.files.open('/d/new', 'create')
  write(made, 0, 'x')
  made.syncNow()
  disk.files.rename('/d/new', '/d/kept')
  const copy = new SimulatedDisk({ volume: disk.volume })
  expect([...copy.crash(LOSE_ALL).files.keys()]).toEqual(['/d/f'])
  expect([...copy.crash(KEEP_ALL).files.keys()]).toEqual(['/d/f', '/d/kept'])
  disk.files.syncFolder('/d')
  expect(text(disk.crash(LOSE_ALL).files.get('/d/kept'))).toBe('x')
})

test('what lies in a folder is lost with the name of the folder', () => {
  const disk = new SimulatedDisk()
  disk.files.makeFolder('/a')
  disk.files.open('/a/f', 'create').syncNow()
  disk.files.syncFolder('/a')
  expect([...disk.crash(LOSE_ALL).files.keys()]).toEqual([])
  disk.volume.syncFolder('/')
  expect([...disk.crash(LOSE_ALL).files.keys()]).toEqual(['/a/f'])
})

test('a write can be torn at any byte, lose a sector, or leave only the new length', () => {
  const { disk, file } = diskWith('....')
  write(file, 2, 'abcd')
  const left = (fate: 'grown' | { torn: number }): string | undefined =>
    text(disk.crash({ rest: 'apply', except: new Map([[0, fate]]) }).files.get('/d/f'))
  expect(left({ torn: 1 })).toBe('..a.')
  expect(left({ torn: 3 })).toBe('..abc')
  expect(left('grown')).toBe('....\0\0')

  const long = diskWith('')
  long.file.write(Buffer.alloc(1200, 'x'), 0)
  const except = new Map([[0, { sector: 1, as: 'zero' } as const]])
  const bytes = long.disk.crash({ rest: 'apply', except }).files.get('/d/f')
  expect(text(bytes)).toBe('x'.repeat(512) + '\0'.repeat(512) + 'x'.repeat(176))
})

test('a later write can survive an earlier one that does not', () => {
  const { disk, file } = diskWith('....')
  write(file, 0, 'a')
  write(file, 3, 'b')
  expect(text(disk.crash({ rest: 'apply', except: new Map([[0, 'drop']]) }).files.get('/d/f'))).toBe('...b')
})

test('after a failed sync the writes are still read, the next sync succeeds, and a crash loses them', async () => {
  const { disk, file } = diskWith('old')
  disk.plan({ effect: { kind: 'fail' }, nth: 1, on: 'sync' })
  write(file, 0, 'new')
  await expect(file.sync()).rejects.toMatchObject({ code: 'EIO' })
  await file.sync()
  expect(text(disk.view().files.get('/d/f'))).toBe('new')
  expect(text(disk.crash(LOSE_ALL).files.get('/d/f'))).toBe('old')
  expect(disk.strikes).toMatchObject([{ call: 'sync', path: '/d/f' }])
})

test('a sync can lie', () => {
  const { disk, file } = diskWith('old')
  disk.plan({ effect: { kind: 'lie' }, nth: 1, on: 'sync' })
  write(file, 0, 'new')
  file.syncNow()
  expect(disk.lied).toBe(true)
  expect(text(disk.crash(LOSE_ALL).files.get('/d/f'))).toBe('old')
})

test('a full disk takes what still fits, then refuses, and takes more once there is space', () => {
  const { disk, file } = diskWith('')
  disk.plan(
    { effect: { kind: 'no-space', bytes: 2 }, nth: 1 },
    { effect: { kind: 'no-space', bytes: 0 }, nth: 2, forever: true },
  )
  expect(write(file, 0, 'abcd')).toBe(2)
  expect(() => write(file, 2, 'cd')).toThrow(expect.objectContaining({ code: 'ENOSPC' }) as Error)
  disk.clearFaults()
  expect(write(file, 2, 'cd')).toBe(2)
})

test('a process that died makes no more calls, its lock is free, and the machine still holds its writes', () => {
  const { disk, file } = diskWith('old')
  expect(disk.files.lock('/d/lock')).toBeTypeOf('function')
  expect(disk.files.lock('/d/lock')).toBeUndefined()
  disk.plan({ effect: { kind: 'crash-after' }, nth: 1, on: 'write' })
  expect(() => write(file, 0, 'new')).toThrow('planned')
  expect(() => file.size()).toThrow('after the crash')

  const next = new SimulatedDisk({ volume: disk.kill() })
  expect(next.files.lock('/d/lock')).toBeTypeOf('function')
  expect(text(next.view().files.get('/d/f'))).toBe('new')
})

test('timers fire when told to, once, unless they were cancelled', () => {
  const disk = new SimulatedDisk()
  const fired: string[] = []
  disk.timer(100, () => fired.push('first'))
  disk.timer(100, () => fired.push('second'))()
  expect(disk.fireTimers()).toBe(1)
  expect(disk.fireTimers()).toBe(0)
  expect(fired).toEqual(['first'])
})

test('an image is not changed by damaging a copy of it, or by a disk that starts from it', () => {
  const image = { folders: new Set(['/d']), files: new Map([['/d/f', Buffer.from('abc')]]) }
  expect(text(damageImage(image, { kind: 'flip', path: '/d/f', offset: 1, bit: 0 }).files.get('/d/f'))).toBe('acc')
  expect(text(damageImage(image, { kind: 'truncate', path: '/d/f', size: 1 }).files.get('/d/f'))).toBe('a')
  expect(damageImage(image, { kind: 'delete', path: '/d/f' }).files.size).toBe(0)
  const disk = new SimulatedDisk({ image })
  write(disk.files.open('/d/f', 'write'), 0, 'xyz')
  expect(text(image.files.get('/d/f'))).toBe('abc')
})

test('missing files and folders, and names that are taken, are refused as Node refuses them', () => {
  const { disk } = diskWith('')
  const codeOf = (act: () => unknown): unknown => {
    try {
      act()
      return undefined
    } catch (error) {
      return (error as { code?: unknown }).code
    }
  }
  expect(codeOf(() => disk.files.open('/d/none', 'read'))).toBe('ENOENT')
  expect(codeOf(() => disk.files.open('/none/f', 'create'))).toBe('ENOENT')
  expect(codeOf(() => disk.files.list('/none'))).toBe('ENOENT')
  expect(codeOf(() => disk.files.list('/d/f'))).toBe('ENOTDIR')
  expect(codeOf(() => disk.files.makeFolder('/d'))).toBe('EEXIST')
  expect(codeOf(() => disk.files.makeFolder('/none/d'))).toBe('ENOENT')
  expect(codeOf(() => disk.files.remove('/d/none'))).toBe('ENOENT')
  expect(codeOf(() => disk.files.open('/d/f', 'read').truncate(0))).toBe('EBADF')
})
