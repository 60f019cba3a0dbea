/** The simulation is tested by mutation: a backend that is broken in a known way must be caught by the known invariant. */
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { expect, test } from 'vitest'
import type { Invariant } from '../../testing/simulation/invariants.js'
import type { Subject } from '../../testing/simulation/subject.js'
import { Runner } from '../../testing/simulation/runner.js'
import { SCENARIOS } from '../../testing/simulation/scenarios.js'
import { type Twin, TWINS } from './twins.js'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const CASES_MAX = 12_000
const SPREAD = 97

/** A patched copy of the compiled backend. */
async function withTwin<T>(twin: Twin, use: (subject: Subject) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'perdure-twin-'))
  try {
    cpSync(join(ROOT, 'dist', 'src'), join(folder, 'src'), { recursive: true })
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
    symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
    const backend = join(folder, 'src', 'backends', 'file')
    const rooms = [backend, join(folder, 'src', 'files')]
    for (const [search, replacement] of twin.patch) applyPatch(rooms, twin.name, search, replacement)
    const module: unknown = await import(/* @vite-ignore */ pathToFileURL(join(backend, 'backend.js')).href)
    return await use(module as Subject)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function applyPatch(rooms: readonly string[], name: string, search: string, replacement: string): void {
  let applied = 0
  const files = rooms.flatMap((room) => readdirSync(room).map((file) => join(room, file)))
  for (const file of files.filter((one) => one.endsWith('.js'))) {
    const text = readFileSync(file, 'utf8')
    if (!text.includes(search)) continue
    writeFileSync(file, text.replaceAll(search, replacement))
    applied++
  }
  expect(applied, `files to which the patch of "${name}" applies: ${search}`).toBeGreaterThan(0)
}

/** The invariants that were broken, up to the one looked for; neighbouring cases are alike, so they are taken in strides. */
async function brokenInvariants(subject: Subject, twin: Twin): Promise<Set<Invariant | undefined>> {
  const scenarios = SCENARIOS.filter(({ name }) => twin.scenarios.includes(name))
  expect(scenarios.map(({ name }) => name).sort()).toEqual([...twin.scenarios].sort())
  const runner = await Runner.open(subject, scenarios)
  const count = runner.cases.enumerated
  const stride = count % SPREAD === 0 ? SPREAD + 1 : SPREAD
  const broken = new Set<Invariant | undefined>()
  for (let i = 0; i < Math.min(count, CASES_MAX) && !broken.has(twin.caughtBy); i++) {
    const failure = await runner.run((i * stride) % count)
    if (failure !== undefined) broken.add(failure.invariant)
  }
  return broken
}

test('the compiled backend is there to be broken', () => {
  expect(existsSync(join(ROOT, 'dist', 'src', 'backends', 'file', 'backend.js')), 'run npm run build first').toBe(true)
})

for (const twin of TWINS) {
  test(`a backend that ${twin.name} is caught by ${twin.caughtBy}`, async () => {
    const broken = await withTwin(twin, async (subject) => await brokenInvariants(subject, twin))
    expect([...broken]).toContain(twin.caughtBy)
  })
}
