/** Holds docs/privacy.md to the code: its program, its commands, its codes and its variables. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { perdure, ROOT, runNode, SLOW } from '../cli/run.js'

const page = readFileSync(join(ROOT, 'docs/privacy.md'), 'utf8')

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'perdure-privacy-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return folder
}

test('docs/privacy.md: the commands run as they stand, in this order', SLOW, async () => {
  const cwd = newFolder()
  const commands = [...(/```sh\n([\s\S]+?)```/.exec(page)?.[1] ?? '').matchAll(/^perdure (.+?)(?: +#.*)?$/gm)]
  expect(commands).toHaveLength(4)
  let log = ''
  for (const [, line = ''] of commands) {
    const words = [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '')
    const { code, out, err } = await perdure(words, { cwd })
    expect({ line, code, err }).toEqual({ line, code: 0, err: '' })
    log += out
  }
  expect(log).toContain('"sealed":[{"at":""')
  expect(log).not.toContain('Ann')
})

test('docs/privacy.md: the program runs as it stands, and prints what it says', SLOW, async () => {
  const program = /```js\n([\s\S]+?)```/.exec(page)?.[1] ?? ''
  const cwd = newFolder()
  const imported = program.replace("from 'perdure'", `from ${JSON.stringify(join(ROOT, 'dist/src/index.js'))}`)
  writeFileSync(join(cwd, 'program.mjs'), imported)
  const promised = [...program.matchAll(/^console\.log\(.*\) \/\/ (.+)$/gm)].map(([, text]) => text)
  expect(promised).toHaveLength(2)
  const { out, err } = await runNode(['program.mjs'], { cwd })
  expect({ printed: out.trim().split('\n'), err }).toEqual({ printed: promised, err: '' })
})

test('docs/privacy.md names only errors, commands and variables that there are', SLOW, async () => {
  const headings = readFileSync(join(ROOT, 'docs/errors.md'), 'utf8')
  const codes = [...page.matchAll(/`((?:keys?|seal|subject|master)-[a-z-]+)`/g)].map(([, code]) => code as string)
  expect(codes.length).toBeGreaterThan(8)
  expect(codes.filter((code) => !headings.includes(`## ${code}\n`))).toEqual([])
  const { out: help } = await perdure(['--help'])
  const commands = [...page.matchAll(/perdure ([a-z]+)/g)].map(([, command]) => command as string)
  expect(commands.filter((command) => !new RegExp(`^  ${command}\\b`, 'm').test(help))).toEqual([])
  const variables = new Set([...page.matchAll(/`(PERDURE_[A-Z_]+)/g)].map(([, name]) => name as string))
  const sources = ['src/privacy/masters.ts', 'src/cli/store-option.ts'].map((name) =>
    readFileSync(join(ROOT, name), 'utf8'),
  )
  expect([...variables].filter((name) => !sources.some((text) => text.includes(`'${name}'`)))).toEqual([])
})
