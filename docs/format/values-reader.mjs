/**
 * Reads the current values of a Perdure log: `node values-reader.mjs <folder>` prints their newest lines, as they stand.
 * Beside reader.mjs, and as that written from docs/format.md alone. It changes nothing.
 */
import { isUtf8 } from 'node:buffer'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { readHead } from './reader.mjs'

const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex')

function insist(holds, problem) {
  if (!holds) throw new Error(problem)
}

/** One file up to where the head vouches for it: the newest line of each key, and the newest revision. */
function readFile(bytes, name, { log, segment: from, last: expected, sha256: digest }) {
  insist(isUtf8(bytes) && sha256(bytes) === digest, `${name}: not the bytes that the head vouches for`)
  let [at, last, newest] = [0, from - 1, new Map()]
  const next = () => bytes.toString('utf8', at, (at = bytes.indexOf('\n', at) + 1) - 1)
  const header = JSON.parse(next())
  insist(header.perdure === 1 && header.log === log && header.from === from, `${name}: not the file that the head names`)
  while (at < bytes.length) {
    const start = at
    const { mark, group } = JSON.parse(next())
    const agrees = mark.bytes === start && mark.last === last && mark.sha256 === sha256(bytes.subarray(0, start))
    insist(agrees, `${name}, byte ${start}: the mark does not agree with what precedes it`)
    const [stop, isKept] = [at + group.bytes, last === from - 1]
    insist(sha256(bytes.subarray(at, stop)) === group.sha256, `${name}, byte ${at}: the group's bytes`)
    for (let puts = 0; at < stop || insist(puts === group.events, `${name}, byte ${at}: the group's puts`); puts++) {
      const line = next()
      const { revision, key, ...put } = JSON.parse(line)
      // What a compaction has kept has revisions from before the file.
      insist((isKept && revision < from) || revision === last + 1, `${name}: revision ${revision} after ${last}`)
      last = Math.max(last, revision)
      if (JSON.stringify(put) === '{"deleted":true}') newest.delete(key)
      else newest.set(key, { revision, line })
    }
  }
  insist(last === expected, `${name}: up to revision ${last}, where the head says ${expected}`)
  return { last, newest }
}

/** Everything that the head of the values vouches for. @throws Error that says what does not hold */
export function readValues(folder) {
  const { log, kv } = readHead(readFileSync(`${folder}/head`))
  if (!existsSync(`${folder}/kv/head`)) {
    const files = existsSync(`${folder}/kv`) ? readdirSync(`${folder}/kv`).filter((name) => /^\d{16}\.ndjson$/.test(name)) : []
    insist(kv !== true && files.length === 0, 'kv/head: missing')
    return { last: 0, newest: new Map() }
  }
  const head = readHead(readFileSync(`${folder}/kv/head`))
  insist(head.log === log, 'kv/head: of another log')
  if (head.segment === 0) return { last: 0, newest: new Map() }
  const name = `${String(head.segment).padStart(16, '0')}.ndjson`
  return readFile(readFileSync(`${folder}/kv/${name}`).subarray(0, head.bytes), `kv/${name}`, head)
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  process.on('uncaughtException', ({ message }) => {
    console.error(message)
    process.exit(1)
  })
  insist(process.argv[2], 'usage: node values-reader.mjs <folder>')
  process.stdout.write([...readValues(process.argv[2]).newest.values()].map(({ line }) => line + '\n').join(''))
}
