/** Holds the pages to the code: error codes, guarantees, links, and the program of the README. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { EXIT } from '../../src/cli/exit-codes.js'

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..')
const page = (name: string): string => readFileSync(join(root, name), 'utf8')

function filesBelow(folder: string, ending: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(ending))
    .map((name) => join(folder, name))
}

test('docs/errors.md has one heading for each error code, and no other', () => {
  const source = page('src/errors.ts')
  const facts = source.slice(source.indexOf('export interface ErrorFacts {'), source.indexOf('\n}\n'))
  const codes = [...facts.matchAll(/^ {2}'?([a-z][a-z-]+)'?: /gm)].map(([, code]) => code)
  const headings = [...page('docs/errors.md').matchAll(/^## (.+)$/gm)].map(([, heading]) => heading)
  expect(codes.length).toBeGreaterThan(15)
  expect(headings.toSorted()).toEqual(codes.toSorted())
})

test('docs/guarantees.md names only tests that exist', () => {
  const sources = [...filesBelow('conformance', '.ts'), ...filesBelow('test', '.ts'), ...filesBelow('testing', '.ts')]
  const tests = sources.map(page).join('\n').replaceAll('\\`', '`')
  const named = [...page('docs/guarantees.md').matchAll(/^ +- `(.+)`$/gm)].map(([, title]) => title as string)
  expect(named.length).toBeGreaterThan(20)
  expect(named.filter((title) => !tests.includes(title))).toEqual([])
})

test('docs/guarantees.md names a test for each promise', () => {
  const promises =
    page('docs/guarantees.md')
      .split('\n## Limits')[0]
      ?.split(/^\d+\. /m)
      .slice(1) ?? []
  expect(promises.length).toBeGreaterThan(15)
  expect(promises.filter((promise) => !/^ +- `.+`$/m.test(promise))).toEqual([])
})

test('docs/errors.md names every code and every exit code of the command line', () => {
  const part = page('docs/errors.md').split('# On the command line')[1] ?? ''
  const codes = /export type CommandErrorCode =([^]+?)\n\n/.exec(page('src/cli/failures.ts'))?.[1] ?? ''
  const named = [...codes.matchAll(/'([a-z-]+)'/g)].map(([, code]) => code as string)
  expect(named.length).toBeGreaterThan(5)
  expect(named.filter((code) => !part.includes(`\`${code}\``))).toEqual([])
  for (const exit of Object.values(EXIT)) expect(part).toMatch(new RegExp(`\\b${exit}\\b`))
})

test('docs/writing-a-backend.md and docs/writing-a-key-store.md import only what is exported', async () => {
  const pages = page('docs/writing-a-backend.md') + page('docs/writing-a-key-store.md')
  const imports = [...pages.matchAll(/^import \{ (.+) \} from '(perdure\/[a-z]+)'$/gm)]
  expect(imports.length).toBeGreaterThan(1)
  const { exports } = JSON.parse(page('package.json')) as { exports: Record<string, { default: string }> }
  for (const [, names = '', entry = ''] of imports) {
    const target = exports[entry.replace('perdure', '.')]?.default ?? ''
    const source = join(root, target.replace('./dist/', '').replace(/\.js$/, '.ts'))
    const exported = Object.keys((await import(source)) as object)
    const values = names.split(', ').filter((name) => !name.startsWith('type '))
    expect(
      values.filter((name) => !exported.includes(name)),
      entry,
    ).toEqual([])
  }
})

test('every link between the pages leads somewhere', () => {
  const withoutCode = (text: string): string => text.replace(/```[\s\S]*?```|`[^`\n]*`/g, '')
  const pages = ['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'CHANGELOG.md', ...filesBelow('docs', '.md')]
  const dead = pages.flatMap((name) =>
    [...withoutCode(page(name)).matchAll(/\]\((?!https?:|#)([^)#\s]+)[^)]*\)/g)]
      .map(([, target]) => join(dirname(name), target as string))
      .filter((target) => !existsSync(join(root, target)))
      .map((target) => `${name} → ${target}`),
  )
  expect(dead).toEqual([])
})

test('README.md: the program runs as it stands, and prints what it says', () => {
  const program = /```js\n([\s\S]+?)```/.exec(page('README.md'))?.[1] ?? ''
  const folder = mkdtempSync(join(tmpdir(), 'perdure-readme-'))
  try {
    const imported = program.replace("from 'perdure'", `from ${JSON.stringify(join(root, 'dist/src/index.js'))}`)
    writeFileSync(join(folder, 'program.mjs'), imported)
    const printed = execFileSync(process.execPath, ['program.mjs'], { cwd: folder, encoding: 'utf8' })
      .trim()
      .split('\n')
    const promised = [...program.matchAll(/^console\.log\(.*\) \/\/ (.+)$/gm)].map(([, text]) => text)
    expect(promised).toHaveLength(2)
    expect(printed).toEqual(promised)
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('README.md: the first screen is at most 40 lines', () => {
  const lines = page('README.md').split('\n')
  expect(lines.findIndex((line) => line.startsWith('**Not for you if**'))).toBeLessThan(40)
})
