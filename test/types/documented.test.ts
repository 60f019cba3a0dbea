/** The TypeScript programs of docs/api.md: each compiles as it stands, and runs. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ROOT, runNode, SLOW } from '../cli/run.js'

const page = readFileSync(join(ROOT, 'docs/api.md'), 'utf8')

/** The program in the section with this heading. */
function programOf(heading: string): string {
  const section = page.slice(page.indexOf(`\n## ${heading}\n`) + 1).split(/^## /m)[1] ?? ''
  const [, program] = /```ts\n([\s\S]+?)```/.exec(section) ?? []
  if (program === undefined) throw new Error(`there is no program in ${heading}`)
  return program
}

/** By name. The last one shows that a mistake would be found. */
const programs: Readonly<Record<string, string>> = {
  typed: programOf('Typed use'),
  testing: programOf('Testing'),
  mistaken: programOf('Typed use').replace('cups: 2 }', "cups: 'two' }"),
}

let folder = ''
const mistakes = new Map<string, string[]>()

/** Inside the repository, where it finds the packages it imports, and git does not look. */
function writePrograms(): void {
  mkdirSync(join(ROOT, '.perdure'), { recursive: true })
  folder = mkdtempSync(join(ROOT, '.perdure', 'documented-'))
  const compilerOptions = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2023 }
  for (const [name, program] of Object.entries(programs)) {
    writeFileSync(join(folder, `${name}.mts`), program)
    writeFileSync(join(folder, `${name}.mjs`), ts.transpileModule(program, { compilerOptions }).outputText)
  }
}

/** What the compiler finds wrong, with the project's options and sources. */
function compilePrograms(): void {
  const { config } = ts.readConfigFile(join(ROOT, 'tsconfig.json'), (path) => ts.sys.readFile(path)) as {
    config: { compilerOptions: unknown }
  }
  const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, ROOT)
  const paths = { perdure: ['./src/index.ts'], 'perdure/testing': ['./testing/index.ts'] }
  const files = Object.keys(programs).map((name) => join(folder, `${name}.mts`))
  const compiled = ts.createProgram(files, { ...options, paths, pathsBasePath: ROOT })
  for (const name of Object.keys(programs)) {
    const found = compiled.getSemanticDiagnostics(compiled.getSourceFile(join(folder, `${name}.mts`)))
    mistakes.set(
      name,
      found.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n')),
    )
  }
}

beforeAll(() => {
  writePrograms()
  compilePrograms()
}, SLOW.timeout)

afterAll(() => {
  rmSync(folder, { recursive: true, force: true })
})

test.each([
  ['typed', '2\nassam\n'],
  ['testing', ''],
])('docs/api.md: the %s program compiles and runs as it stands', SLOW, async (name, out) => {
  expect(mistakes.get(name)).toEqual([])
  expect(await runNode([join(folder, `${name}.mjs`)])).toMatchObject({ code: 0, err: '', out })
})

test('data that does not fit its declaration does not compile, in few words', () => {
  expect(mistakes.get('mistaken')).toEqual(["Type 'string' is not assignable to type 'number'."])
})
