/**
 * Reads a Perdure log from its folder: `node reader.mjs <folder>` prints the lines, then the root on standard error.
 * The second reader: written from docs/format.md alone, with nothing of Perdure's own code. It changes nothing.
 */
import { isUtf8 } from 'node:buffer'
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { crc32 } from 'node:zlib'

const KEYS =
  /^position( commit)? stream revision id type( version)? time( occurred)?( tags)?( subject| subjects)?( refers)?( meta)?( data| sealed)$/
const sha256 = (...parts) => parts.reduce((hash, part) => hash.update(part), createHash('sha256')).digest()
export const leafHash = (line) => sha256(Buffer.of(0), line)

/** The root of the Merkle tree (RFC 6962, section 2.1) above leaf hashes. */
export function rootOf(leaves, from = 0, to = leaves.length) {
  if (to - from < 2) return leaves[from] ?? sha256()
  const split = 1 << (31 - Math.clz32(to - from - 1))
  return sha256(Buffer.of(1), rootOf(leaves, from, from + split), rootOf(leaves, from + split, to))
}

function insist(holds, problem) {
  if (!holds) throw new Error(problem)
}

/** The valid slot with the highest counter. */
export function readHead(bytes) {
  const slots = [0, 4096].map((at) => /^((\{.*),"crc32":(\d+)\}) *\n$/.exec(bytes.toString('latin1', at, at + 512)))
  const valid = slots.filter((slot) => slot?.[0].length === 512 && crc32(slot[2]) === Number(slot[3]))
  const [head] = valid.map((slot) => JSON.parse(slot[1])).sort((a, b) => b.write - a.write)
  insist(head?.perdure === 1, head ? `head: format ${head.perdure} is not known here` : 'head: neither slot is valid')
  return head
}

export const emptyLog = () => ({ lines: [], last: 0, time: '', revisions: new Map(), commit: [1, 0] })
const isWhole = ({ last, commit: [first, count] }) => last === first + count - 1
/** Checks that a line continues the log, and adds it. Gives the event that it records. */
export function readLine(line, log) {
  const event = JSON.parse(line)
  const { position, stream, revision, time, commit = [position, 1] } = event
  insist(KEYS.test(Object.keys(event).join(' ')), `position ${log.last + 1}: its keys, or their order`)
  insist(position === log.last + 1, `position ${log.last + 1}: found ${position}`)
  insist(revision === (log.revisions.get(stream) ?? 0) + 1, `position ${position}: revision ${revision} of ${stream}`)
  insist(time >= log.time, `position ${position}: the time goes back`)
  const [first, count] = isWhole(log) ? [position, commit[1]] : log.commit
  insist(commit[0] === first && commit[1] === count && count > 0, `position ${position}: commit ${commit}`)
  log.lines.push(line)
  log.revisions.set(stream, revision)
  Object.assign(log, { last: position, time, commit })
  return event
}

/** Reads the bytes of one segment: a header, groups behind their marks, perhaps an end. Says whether it has an end. */
function readSegment(bytes, name, logId, log) {
  const running = createHash('sha256')
  let [at, start] = [0, 0]
  const next = () => bytes.toString('utf8', at, (at = bytes.indexOf('\n', at) + 1 || bytes.length + 1) - 1)
  const header = JSON.parse(next())
  insist(header.perdure === 1, `${name}: format ${header.perdure} is not known here`)
  insist(header.log === logId && header.from === log.last + 1, `${name}: not the next segment of this log`)
  while (at < bytes.length) {
    running.update(bytes.subarray(start, (start = at)))
    const { mark, group, end } = JSON.parse(next())
    const { bytes: before, last, sha256: digest } = mark ?? end ?? {}
    const agrees = before === start && last === log.last && digest === running.copy().digest('hex')
    insist(agrees, `${name}, byte ${start}: the mark does not agree with what precedes it`)
    if (end) return insist(at === bytes.length, `${name}, byte ${at}: bytes after the end`) ?? true
    const stop = at + group.bytes
    const body = bytes.subarray(at, stop)
    insist(isUtf8(body) && sha256(body).toString('hex') === group.sha256, `${name}, byte ${at}: the group's bytes`)
    while (at < stop) readLine(next(), log)
    insist(at === stop && log.last - last === group.events && isWhole(log), `${name}, byte ${at}: the group's events`)
  }
}

/** Everything the head vouches for; what may lie above it is not acknowledged. @throws Error that names the place */
export function readFolder(folder) {
  let [head, log, met] = [readHead(readFileSync(`${folder}/head`)), emptyLog(), 0]
  for (const name of readdirSync(`${folder}/segments`).sort()) {
    const from = /^\d{16}\.ndjson$/.test(name) ? parseInt(name) : NaN
    const bytes = readFileSync(`${folder}/segments/${name}`)
    const part = bytes.subarray(0, from < head.segment ? bytes.length : from === head.segment ? head.bytes : 0)
    if (part.length > 0) insist(readSegment(part, name, head.log, log) || from === head.segment, `${name}: no end`)
    if (from === head.segment) met = sha256(part).toString('hex') === head.sha256 ? from : -1
  }
  insist(met === head.segment && log.last === head.last, `head: ${head.last} events in agreement, found ${log.last}`)
  return { head, lines: log.lines, root: rootOf(log.lines.map(leafHash)).toString('hex') }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  // In one line; and none where whoever reads the output has enough of it (| head).
  process.on('uncaughtException', ({ code, message }) => {
    if (code !== 'EPIPE') console.error(message)
    process.exit(code === 'EPIPE' ? 0 : 1)
  })
  insist(process.argv[2], 'usage: node reader.mjs <folder>')
  const { lines, root } = readFolder(process.argv[2])
  process.stdout.write(lines.map((line) => line + '\n').join(''), (error) => error ?? console.error(root))
}
