/** A look at a repository before its history is read: is there one, which commits count, what is to be said. */
import { statSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { basename, resolve } from 'node:path'
import { CommandError, failureOf } from '../failures.js'
import { EXIT } from '../exit-codes.js'
import { runGit } from './git.js'

export interface Repository {
  readonly path: string
  /** The folder's name, for people. */
  readonly name: string
  /** What selects the commits, for any git command: the head by its hash, without what is not to be trusted. */
  readonly revisions: readonly string[]
  /** The commits that count, newest first: at most as many as asked for, no merges. */
  readonly hashes: readonly string[]
  /** The most that were asked for. */
  readonly max: number
  /** What a person should know, a line each. */
  readonly notes: readonly string[]
}

/** Why there is no history to read, in one line. */
export interface NoRepository {
  readonly code: 'git-missing' | 'not-a-repository' | 'git-failed'
  readonly reason: string
  readonly hint?: string
}

/** @throws CommandError `usage` when there is no such folder */
export async function inspectRepository(
  path: string,
  max: number,
  signal?: AbortSignal,
): Promise<Repository | NoRepository> {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) {
    throw new CommandError('usage', `there is no folder ${path}`)
  }
  try {
    return await look(path, max, signal)
  } catch (error) {
    if (!(error instanceof CommandError)) throw error
    return noRepository(error, path)
  }
}

/** The repository, or the reason as an error. */
export function requireRepository(found: Repository | NoRepository, path: string): Repository {
  if (!('reason' in found)) return found
  throw new CommandError(found.code, found.reason, {
    exit: EXIT.failed,
    facts: { path },
    ...(found.hint !== undefined && { hint: found.hint }),
  })
}

function noRepository(error: CommandError, path: string): NoRepository {
  const where = path === '.' ? 'This folder' : path
  if (/not a git repository/.test(error.message)) {
    return {
      code: 'not-a-repository',
      reason: `${where} is not a Git repository`,
      hint: 'Give the path of one, or make a clone of one.',
    }
  }
  const { message, hint } = failureOf(error)
  const code = error.code === 'git-missing' ? 'git-missing' : 'git-failed'
  return { code, reason: message.charAt(0).toUpperCase() + message.slice(1), ...(hint !== undefined && { hint }) }
}

async function look(path: string, max: number, signal?: AbortSignal): Promise<Repository | NoRepository> {
  const ask = async (...args: string[]): Promise<string> => {
    const output = await runGit(path, { args, ...(signal && { signal }) })
    return output.toString('utf8').trim()
  }
  await ask('rev-parse', '--git-dir')
  const head = await ask('rev-parse', '--verify', '--quiet', 'HEAD^{commit}').catch(noHead)
  const name = basename(resolve(path))
  if (head === '') return { code: 'not-a-repository', reason: `The repository ${name} has no commits yet` }
  const boundary = await shallowBoundary(path, ask)
  const revisions = [head, ...boundary.map((hash) => `^${hash}`)]
  const listed = await ask('rev-list', '--no-merges', `--max-count=${max}`, ...revisions)
  const hashes = listed === '' ? [] : listed.split('\n')
  const shallow = `${name} is a shallow clone: ${boundary.length === 1 ? 'its oldest commit is' : 'its oldest commits are'} left out, because what they changed is not known here`
  if (hashes.length > 0)
    return { path, name, revisions, hashes, max, notes: boundary.length > 0 ? [shallow + '.'] : [] }
  const reason =
    boundary.length > 0 ? `${shallow}, and it has no others` : `The repository ${name} has no commits but merges`
  return { code: 'not-a-repository', reason }
}

function noHead(error: unknown): string {
  if (error instanceof CommandError && error.code === 'git-failed') return ''
  throw error
}

/** The commits whose parents a shallow clone lacks: git shows them as if they had added every file there is. */
async function shallowBoundary(path: string, ask: (...args: string[]) => Promise<string>): Promise<readonly string[]> {
  if ((await ask('rev-parse', '--is-shallow-repository')) !== 'true') return []
  const file = await ask('rev-parse', '--git-path', 'shallow')
  const text = await readFile(resolve(path, file), 'utf8')
  return text.split('\n').filter((line) => line !== '')
}

/** Whether any of these commits is in the repository, reachable or not. */
export async function holdsAny({ path, hashes }: Repository, others: ReadonlySet<string>): Promise<boolean> {
  if (hashes.some((hash) => others.has(hash))) return true
  const input = Array.from(others, (hash) => `${hash}^{commit}\n`).join('')
  const answers = await runGit(path, { args: ['cat-file', '--batch-check=%(objecttype)'], input })
  return answers.toString('utf8').split('\n').includes('commit')
}
