/** The TypeScript programs of docs/api.md: each compiles as it stands, and runs. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import { expect, test } from 'vitest'
import { ROOT, runNode, SLOW } from '../cli/run.js'

const page = readFileSync(join(ROOT, 'docs/api.md'), 'utf8')

/** The program in the section with this heading. */
function programOf(heading: string): string {
  const section = page.slice(page.indexOf(`\n## ${heading}\n`) + 1).split(/^## /m)[1] ?? ''
  const [, program] = /```ts\n([\s\S]+?)```/.exec(section) ?? []
  if (program === undefined) throw new Error(`there is no program in ${heading}`)
  return program
}

/** What the compiler finds wrong with a program beside this file, with the project's options and sources. */
function mistakesOf(path: string): string[] {
  const { config } = ts.readConfigFile(join(ROOT, 'tsconfig.json'), (name) => ts.sys.readFile(name)) as {
    config: { compilerOptions: unknown }
  }
  const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, ROOT)
  const paths = { perdure: ['./src/index.ts'], 'perdure/testing': ['./testing/index.ts'] }
  const program = ts.createProgram([path], { ...options, paths, pathsBasePath: ROOT })
  const found = program.getSemanticDiagnostics(program.getSourceFile(path))
  return found.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'))
}

test.each([
  ['Typed use', '2\nassam\n'],
  ['Testing', ''],
])('docs/api.md, %s: the program compiles and runs as it stands', SLOW, async (heading, out) => {
  const program = programOf(heading)
  // Here, so that it finds the packages it imports.
  const path = join(import.meta.dirname, `documented-${heading.replace(' ', '-').toLowerCase()}-${process.pid}`)
  try {
    writeFileSync(`${path}.mts`, program)
    expect(mistakesOf(`${path}.mts`)).toEqual([])
    const { outputText } = ts.transpileModule(program, {
      compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2023 },
    })
    writeFileSync(`${path}.mjs`, outputText)
    expect(await runNode([`${path}.mjs`])).toMatchObject({ code: 0, err: '', out })
  } finally {
    for (const ending of ['.mts', '.mjs']) rmSync(`${path}${ending}`, { force: true })
  }
})
