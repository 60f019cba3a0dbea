/** Broken twins of the file backend: each a patch of a few lines, the promise it breaks, and where that should show. */
import type { Invariant } from '../../testing/simulation/invariants.js'

export interface Twin {
  readonly name: string
  /** Text of the compiled backend → what stands there instead. Every occurrence, in whichever file. */
  readonly patch: readonly (readonly [search: string, replacement: string])[]
  readonly caughtBy: Invariant
  /** Scenarios in which it shows; a twin is not run through all of them. */
  readonly scenarios: readonly string[]
}

const AWAITED_SYNC = 'await this.#sync.sync(open.file, isAlone);'

export const TWINS: readonly Twin[] = [
  {
    name: 'acknowledges before the sync',
    patch: [[AWAITED_SYNC, 'void this.#sync.sync(open.file, isAlone).catch(() => undefined);']],
    caughtBy: 'I1',
    scenarios: ['three appends'],
  },
  {
    name: 'syncs again after a failed sync, and acknowledges',
    patch: [[AWAITED_SYNC, 'await this.#sync.sync(open.file, isAlone).catch(() => open.file.sync());']],
    caughtBy: 'I9',
    scenarios: ['a failed sync closes the log until it is reopened'],
  },
  {
    name: 'goes on after a failed sync',
    patch: [['throw this.#fail(syncFailed(open.path', 'throw (syncFailed(open.path']],
    caughtBy: 'I9',
    scenarios: ['a failed sync closes the log until it is reopened'],
  },
  {
    name: 'says of a failed sync that nothing was written',
    patch: [["syncFailed(open.path, 'unknown', error)", "syncFailed(open.path, 'no', error)"]],
    caughtBy: 'I3',
    scenarios: [
      'a failed sync closes the log until it is reopened',
      'a failed sync, then the process is killed, then the power fails',
    ],
  },
  {
    name: 'writes the head before the sync',
    patch: [
      [
        AWAITED_SYNC,
        `const early = { segment: open.from, bytes: open.bytes + bytes.length, last, time, sha256 };
         this.#to.headFile.write({ ...this.#to.head, ...early });
         ${AWAITED_SYNC}`,
      ],
    ],
    caughtBy: 'I7',
    scenarios: ['three appends'],
  },
  {
    name: 'leaves what a full disk took',
    patch: [['open.file.truncate(open.bytes);', '']],
    caughtBy: 'I7',
    scenarios: ['the disk is full in the middle of a large group'],
  },
  {
    name: 'cuts at the first bad line, even below the head',
    patch: [
      ['        takeVouched(walk, head, path', '        walk.header(); void (walk, head, path'],
      ['const next = findMarkAfter(bytes, damage);', 'const next = undefined;'],
    ],
    caughtBy: 'I8',
    scenarios: ['groups of three commits'],
  },
  {
    name: 'does not look at the head',
    patch: [['        takeVouched(walk, head, path', '        walk.header(); void (walk, head, path']],
    caughtBy: 'I1',
    scenarios: ['groups of three commits'],
  },
  {
    name: 'takes half a group',
    patch: [
      [
        'const end = linesStart + group.bytes;',
        'const end = Math.min(linesStart + group.bytes, bytes.lastIndexOf(10) + 1);',
      ],
      ['if (found !== group.sha256)', 'if (found === group.events)'],
      ['if (lines.length !== piece.events)', 'if (lines.length > piece.events)'],
      ['this.#last += piece.events;', 'this.#last += events.lines.length;'],
    ],
    caughtBy: 'I2',
    scenarios: ['groups of three commits'],
  },
  {
    name: 'takes a group whose hash is wrong',
    patch: [['if (found !== group.sha256)', 'if (found === group.events)']],
    caughtBy: 'I7',
    scenarios: ['a group of zeros is set aside'],
  },
  {
    name: 'ignores short writes',
    patch: [['done += written;', 'done = bytes.length;']],
    caughtBy: 'I1',
    scenarios: ['short writes are continued'],
  },
  {
    name: 'does not sync folders',
    patch: [[' files.syncFolder(folder);', ' ;']],
    caughtBy: 'I7',
    scenarios: ['many segments'],
  },
  {
    name: 'does not write again what stands above the head',
    patch: [['writeWhole(file, walk.bytes.subarray(vouchedBytes, walk.offset), vouchedBytes);', '']],
    caughtBy: 'I7',
    scenarios: ['a failed sync, then the process is killed, then the power fails'],
  },
  {
    name: 'cuts a torn end without keeping it',
    patch: [['createWhole(files, path, [bytes], paths.torn);', '']],
    caughtBy: 'I8',
    scenarios: ['a torn group is set aside'],
  },
  {
    name: 'believes a head without its checksum',
    patch: [['crc32(checked) !== Number(sum)', 'Number(sum) < 0']],
    caughtBy: 'I7',
    scenarios: ['groups of three commits'],
  },
  {
    name: 'judges conditions by what it knew when it was opened',
    patch: [['this.#revisions.set(stream, revision);', ';']],
    caughtBy: 'I0',
    scenarios: ['expected revisions, kept and broken'],
  },
  {
    name: 'looks for ids in the newest segment only',
    patch: [['const oldest = chosen ? 0 : segments.length - 1;', 'const oldest = segments.length - 1;']],
    caughtBy: 'I6',
    scenarios: ['many segments'],
  },
  {
    name: 'acknowledges values before the sync',
    patch: [[AWAITED_SYNC, 'void this.#sync.sync(open.file, isAlone).catch(() => undefined);']],
    caughtBy: 'I13',
    scenarios: ['values put alone and together, and deleted'],
  },
  {
    name: 'removes the old file of values before the head that names the new one is synced',
    patch: [['open.head.last, undefined);', 'open.head.last, undefined); if (lines.entries.length > 0) return file;']],
    caughtBy: 'I7',
    scenarios: ['values are compacted'],
  },
  {
    name: 'counts revisions from the newest value that is left',
    patch: [
      [
        'last: walk.last, time: undefined',
        'last: Math.max(0, ...[...walk.places.values()].map((place) => place.revision)), time: undefined',
      ],
    ],
    caughtBy: 'I0',
    scenarios: ['values are all deleted, compacted, reopened'],
  },
  {
    name: 'does not check a value that it reads',
    patch: [['found === place.crc32', 'found >= 0']],
    caughtBy: 'I13',
    scenarios: ['values that rot while they are open'],
  },
  {
    name: 'does not look at the head of the values',
    patch: [['const vouchedBytes = head?.bytes ?? 0;', 'head = undefined; const vouchedBytes = 0;']],
    caughtBy: 'I8',
    scenarios: ['values are compacted'],
  },
  {
    name: 'answers conflicts though it does not know what was written',
    patch: [['this.#folder.assertWritable();', '']],
    caughtBy: 'I13',
    scenarios: ['a failed sync closes the values, not the log'],
  },
  {
    name: 'believes a head of the values that was never synced to name their file',
    patch: [['const isNewFile = state.last < state.segment;', 'const isNewFile = false;']],
    caughtBy: 'I7',
    scenarios: ['a failed sync of the head of the values, when idle and when compacted'],
  },
  {
    name: 'compacts a file of values into itself',
    patch: [['if (file.from > open.head.last)', 'if (file.from < 0)']],
    caughtBy: 'I7',
    scenarios: ['a compacted file that got no put is not compacted again'],
  },
  {
    name: 'takes a snapshot that is there for a durable one',
    patch: [['this.#files.syncFolder(folder);', ';']],
    caughtBy: 'I14',
    scenarios: ['a snapshot is taken again after a kill, then the power fails'],
  },
]
