/** Where the tests of keys keep them: folders that are gone after the test, and stores over them. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { open, openKeyStore, type KeyStore, type NewEvent, type OpenOptions, type Store } from '../../../src/index.js'

export interface Place {
  readonly root: string
  readonly log: string
  readonly keys: string
}

export function createPlace(): Place {
  const root = mkdtempSync(join(tmpdir(), 'perdure-keys-'))
  onTestFinished(() => rmSync(root, { recursive: true, force: true }))
  return { root, log: join(root, 'log'), keys: join(root, 'log.keys') }
}

/** Closed when the test is over, if it is not before. */
export async function openPlace({ log, keys }: Place, options: OpenOptions = {}): Promise<Store> {
  const store = await open(`file:${log}`, { create: true, keys: `file:${keys}`, ...options })
  onTestFinished(() => store.close())
  return store
}

export function openKeysAt(folder: string, options: Parameters<typeof openKeyStore>[1] = {}): KeyStore {
  const keys = openKeyStore(`file:${folder}`, options)
  onTestFinished(() => keys.close())
  return keys
}

/** Said of a person, by name. */
export function said(subject: string, text: string): NewEvent {
  return { id: `${subject} ${text}`, type: 'said', subject, data: { text } }
}

/** A log of these people, one event each, and closed. */
export async function begin(place: Place, people: readonly string[], options: OpenOptions = {}): Promise<void> {
  const store = await openPlace(place, options)
  for (const subject of people) await store.append('talk', said(subject, 'hello'))
  await store.close()
}

/** What can be read: the text of each event, or why it cannot be. */
export async function texts(store: Pick<Store, 'read'>): Promise<string[]> {
  const found: string[] = []
  for await (const { data, unreadable, stream } of store.read()) {
    if (stream.startsWith('$')) continue
    found.push(unreadable?.[0]?.why ?? String((data as { readonly text: string }).text))
  }
  return found
}

/** Every file below a folder with its bytes; not the lock, whose bytes nobody means. */
export function contentsOf(folder: string): Map<string, Buffer> {
  const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' }).toSorted()
  const files = paths.filter((path) => statSync(join(folder, path)).isFile() && path !== 'lock')
  return new Map(files.map((path) => [path, readFileSync(join(folder, path))]))
}

/** The bytes of a text or key, as they are, in base64 and in hex. */
export function isAnywhere(folder: string, secret: Buffer): boolean {
  const forms = [secret, Buffer.from(secret.toString('base64')), Buffer.from(secret.toString('hex'))]
  return [...contentsOf(folder).values()].some((bytes) => forms.some((form) => bytes.includes(form)))
}

/** The master keys in a key store's folder, by name. */
export function mastersIn(folder: string): {
  readonly current: string
  readonly keys: Readonly<Record<string, string>>
} {
  return JSON.parse(readFileSync(join(folder, 'master'), 'utf8')) as ReturnType<typeof mastersIn>
}
