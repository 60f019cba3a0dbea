// The examples are run as they stand, so that what the README shows works.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { jsonLines, perdure, ROOT, runNode, SLOW, temporaryFolder } from './run.js'

const example = (name: string): string => join(ROOT, 'examples', name)

test('first-log: is a program of 15 lines of code that goes on where it was', SLOW, async () => {
  const source = readFileSync(example('first-log.mjs'), 'utf8')
  const code = source.split('\n').filter((line) => line !== '' && !line.startsWith('//'))
  expect(code.length).toBeLessThanOrEqual(15)
  const cwd = temporaryFolder()
  const first = await runNode([example('first-log.mjs')], { cwd })
  expect(first).toMatchObject({ code: 0, err: '' })
  expect(first.out).toMatch(/order-1 is at revision 1; 2 cups sold so far\n$/)
  const second = await runNode([example('first-log.mjs')], { cwd })
  expect(second.out).toMatch(/order-1 is at revision 2; 4 cups sold so far\n$/)
  // Where git does not look.
  expect(readdirSync(cwd)).toEqual(['.perdure'])
})

test('unique-name: of two people who want a name at the same moment, one gets it', SLOW, async () => {
  expect(await runNode([example('unique-name.mjs')])).toMatchObject({
    code: 0,
    out: 'ann: registered, bob: taken\n',
    err: '',
  })
})

test('busiest-hours: counts every commit of the demo once, but for those of whom is forgotten', SLOW, async () => {
  const cwd = temporaryFolder()
  const [report] = jsonLines((await perdure(['demo', '--json'], { cwd, env: { PATH: '' } })).out)
  const args = ['project', example('busiest-hours.mjs'), '--json', '--store', `file:${String(report?.['folder'])}`]
  const [projected] = jsonLines<{ state: Record<string, number> }>((await perdure(args, { cwd })).out)
  const counted = Object.values(projected?.state ?? {}).reduce((sum, count) => sum + count, 0)
  const { commits } = report?.['oblivion'] as { readonly commits: number }
  expect(counted).toBe(Number(report?.['commits']) - commits)
})
