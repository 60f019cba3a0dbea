/** `perdure keys`: where the keys of a log are and what wraps them; another master key in the place of the present one. */
import type { Command } from 'commander'
import { keysBeside } from '../../open.js'
import { Keys } from '../../privacy/keys.js'
import { openKeyStore } from '../../privacy/opening.js'
import { CommandError } from '../failures.js'
import { progressOf, type Io } from '../io.js'
import { describeKeys } from '../keys-status.js'
import { folderOf, keysOf, observesKeys, storeUrl, withObserver, type StoreOptions } from '../store-option.js'
import { plural, printable } from '../text.js'

const GROUP_HELP = `
No key is ever shown. The log may be in use meanwhile, also while the master key is
rotated: only the key store is written to.

Examples:
  perdure keys --store file:./patients
  perdure keys rotate --store file:./patients`

export function addKeys(program: Command, io: Io): void {
  const group = program.command('keys').description('the keys of a sealed log').addHelpText('after', GROUP_HELP)
  addStatus(group, io)
  addRotate(group, io)
}

function addStatus(group: Command, io: Io): void {
  observesKeys(group.command('status', { isDefault: true }))
    .description('say where they are, how many, and what wraps them; what keys alone does')
    .addHelpText('after', '\nExample:\n  perdure keys status --json')
    .action(async (options: StoreOptions) => status(options, io))
}

async function status(options: StoreOptions, io: Io): Promise<void> {
  await withKeys(io, options, true, async (keys) => {
    const found = await keys.status()
    if (options.json) return io.out.json(found)
    if (found !== undefined) await io.out.lines(describeKeys(found))
  })
}

const ROTATE_HELP = `
All keys are wrapped by a new master key, and the former one is destroyed: who has a copy
of both the key store and the former master key can read what that copy holds, and
nothing that was sealed with keys made since. Events stay as they are. Interrupted, it
goes on when it is called again.

A master key that comes from the environment is renewed there: put the new one into
PERDURE_MASTER_KEY, the former one into PERDURE_MASTER_KEY_FORMER, and rotate.

Example:
  perdure keys rotate --store file:./patients`

function addRotate(group: Command, io: Io): void {
  observesKeys(group.command('rotate'))
    .description('wrap all keys by a new master key, and destroy the former one')
    .addHelpText('after', ROTATE_HELP)
    .action(async (options: StoreOptions) => rotate(options, io))
}

async function rotate(options: StoreOptions, io: Io): Promise<void> {
  await withKeys(io, options, false, async (keys) => {
    const total = (await keys.status())?.made ?? 0
    const progress = progressOf(io, options)
    progress.stage('wrapping the keys anew')
    const rotated = await keys.rotate({ onProgress: (done) => progress.at(Math.min(done, total), total) })
    progress.end()
    if (options.json) return io.out.json(rotated)
    await io.out.line(`${plural(rotated.keys, 'key')} wrapped anew, by the master key ${printable(rotated.master)}.`)
  })
}

/** The key store itself: nothing is appended, so nobody who has the log open is in the way. */
async function withKeys(
  io: Io,
  options: StoreOptions,
  readOnly: boolean,
  use: (keys: Keys) => Promise<void>,
): Promise<void> {
  // First: that these keys belong to this log, and are not older than it.
  await withObserver(io, options, async (log) => {
    const { log: logId, steps } = log.report()
    const folder = folderOf(storeUrl(options))
    if (folder === undefined || !steps.some(({ step }) => step === 'keys')) throw notSealed(logId)
    const store = openKeyStore(keysOf(options).keys ?? keysBeside(folder), { readOnly })
    try {
      await use(new Keys({ store }, logId, () => io.signal.throwIfAborted()))
    } finally {
      await store.close()
    }
  })
}

function notSealed(log: string): CommandError {
  const hint = 'A log is sealed from its first event on: perdure init --keys.'
  return new CommandError('not-found', `the log ${log} has no keys`, { hint, facts: { log } })
}
