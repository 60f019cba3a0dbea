/** Running the git program: arguments that no configuration changes, output as bytes, failures told apart. */
import { spawn, type ChildProcessByStdio } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'
import { CommandError } from '../failures.js'

/** How a git command is asked. */
export interface GitRequest {
  readonly args: readonly string[]
  readonly input?: string
  readonly signal?: AbortSignal
}

// What a person's configuration could otherwise add to the output or change in the counting.
const SETTINGS = [
  'color.ui=false',
  'log.showSignature=false',
  'log.showRoot=true',
  'diff.relative=false',
  'i18n.logOutputEncoding=UTF-8',
].flatMap((setting) => ['-c', setting])

/** For every git command that counts lines: the same numbers whatever the configuration says. */
export const COUNTING = ['--numstat', '--no-renames', '--no-ext-diff', '--no-textconv', '--diff-algorithm=default']

/**
 * The output of a git command, in chunks as they come.
 *
 * @throws CommandError `git-missing` without a git program, `git-failed` with git's own first words
 */
export async function* streamGit(repository: string, request: GitRequest): AsyncGenerator<Buffer> {
  const child = startGit(repository, request)
  const ended = endOf(child)
  // Heard below; this keeps an early failure from being an unhandled one while the output is being read.
  ended.catch(() => undefined)
  try {
    for await (const chunk of child.stdout) yield chunk as Buffer
  } catch (error) {
    // A program that could not be started closes its output too; why it could not says more.
    await ended
    throw error
  } finally {
    child.kill()
  }
  await ended
}

/** The whole output of a git command. */
export async function runGit(repository: string, request: GitRequest): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of streamGit(repository, request)) chunks.push(chunk)
  return Buffer.concat(chunks)
}

type GitProcess = ChildProcessByStdio<Writable, Readable, Readable>

function startGit(repository: string, { args, input, signal }: GitRequest): GitProcess {
  const child = spawn('git', ['-C', repository, '--no-pager', ...SETTINGS, ...args], {
    stdio: ['pipe', 'pipe', 'pipe'],
    // The repository is the one named, whatever a hook that runs us has set. Messages in English, because we read some of
    // them; never a question; no lock taken for a look.
    env: {
      ...process.env,
      GIT_DIR: undefined,
      GIT_WORK_TREE: undefined,
      GIT_INDEX_FILE: undefined,
      LC_ALL: 'C',
      GIT_TERMINAL_PROMPT: '0',
      GIT_OPTIONAL_LOCKS: '0',
    },
    ...(signal && { signal }),
  })
  // git may end before it has read everything; its exit code says why.
  child.stdin.on('error', () => undefined)
  child.stdin.end(input ?? '')
  return child
}

async function endOf(child: GitProcess): Promise<void> {
  let complaint = ''
  child.stderr.on('data', (chunk: Buffer) => {
    if (complaint.length < 4096) complaint += chunk.toString('utf8')
  })
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', (error: NodeJS.ErrnoException) => reject(error.code === 'ENOENT' ? gitMissing() : error))
    child.once('close', resolve)
  })
  if (code === 0) return
  const [first = 'it gave no reason'] = complaint.split('\n')
  throw new CommandError('git-failed', `git failed: ${first.replace(/^(fatal|error): /, '')}`, {
    facts: { exitCode: code },
    hint: 'Run the same git command by hand in that folder to see more.',
  })
}

function gitMissing(): CommandError {
  return new CommandError('git-missing', 'there is no git program on this machine (looked along PATH)', {
    hint: 'Install git, or make sure that PATH names its folder.',
  })
}
