/** What the doctor says of the keys of a log: by opening them as a reader does, and trying one. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { openFileObserver } from '../../backends/file/observer.js'
import type { Backend } from '../../backends/protocol.js'
import { isPerdureError, type ErrorCode } from '../../errors.js'
import { systemRandom } from '../../ids.js'
import { NO_EVENTS } from '../../log/evolution.js'
import { keysBeside } from '../../open.js'
import {
  LOG_OWNER,
  parseOwnerRecord,
  parseStoreRecord,
  STORE_RECORD,
  SUBJECT_RECORDS,
} from '../../privacy/key-records.js'
import { openPrivacy, type Privacy } from '../../privacy/opening.js'
import { plural } from '../text.js'
import { note, ok, problem, REMOVED_HINT, type Finding } from './finding.js'

/** `keys`: where they are said to be, if not beside the log. Of a log in which nothing else is wrong. */
export async function examineKeys(folder: string, keys: string | undefined): Promise<Finding[]> {
  const findings: Finding[] = []
  const defaultKeys = keysBeside(folder)
  const path = (keys ?? defaultKeys).replace(/^file:/, '')
  const backend = await openFileObserver({ folder })
  try {
    const privacy = await openKeys(backend, keys, defaultKeys)
    if (privacy === undefined) return keysOfNobody(path)
    try {
      findings.push(...(await examine(privacy)), ...leftoversIn(path))
    } finally {
      await privacy.close()
    }
  } catch (error) {
    findings.push(problemOf(error, path))
  } finally {
    await backend.close()
  }
  return findings
}

/** Undefined: the log is not sealed. */
async function openKeys(backend: Backend, keys: string | undefined, defaultKeys: string): Promise<Privacy | undefined> {
  const request = { backend, keys, defaultKeys, create: false, readOnly: true, events: NO_EVENTS, random: systemRandom }
  return await openPrivacy(request)
}

function keysOfNobody(path: string): Finding[] {
  if (!existsSync(path)) return []
  return [
    note(`${path} is there, and the log was begun without keys`, 'They open nothing of it, and it stays as it is.'),
  ]
}

async function examine({ store, ring, log }: Privacy): Promise<Finding[]> {
  const record = parseStoreRecord(store.name, (await store.read([STORE_RECORD])).get(STORE_RECORD))
  // Whoever can unwrap one has the master key; the others are asked for when they are needed.
  await store.provider.current()
  for (const prefix of [LOG_OWNER, SUBJECT_RECORDS]) {
    const [first] = await store.list(prefix, { after: '', limit: 1 })
    const [key] = first === undefined ? [] : parseOwnerRecord(store.name, first.name, first.text).keys
    if (first !== undefined && key !== undefined) await ring.load(first.name, key.id)
  }
  const findings = [
    ok(`the keys in ${store.name} belong to this log and are not older: ${plural(record.made, 'key')} made`),
  ]
  const { former } = record
  if (former !== undefined) {
    findings.push(note(`a rotation of the master key ${former} has not come to its end`, 'Run perdure keys rotate.'))
  }
  const open = log.requests().filter((request) => log.receiptOf(request) === undefined)
  for (const { subject } of open) {
    const message = `forgetting ${JSON.stringify(subject)} was interrupted: nobody is given anything of it, its keys may be there`
    findings.push(note(message, 'Nothing to do: the next opening brings it to its end.'))
  }
  return findings
}

function leftoversIn(path: string): Finding[] {
  const leftovers = ['records.new', 'master.new'].map((name) => join(path, name)).filter((file) => existsSync(file))
  return leftovers.map((file) => note(`${file} was being made when a process ended`, REMOVED_HINT))
}

function problemOf(error: unknown, path: string): Finding {
  if (!isPerdureError(error)) throw error
  const { code, message, facts, hint = 'Look at the key store.' } = error
  const where = message.includes(path) ? '' : ` (${path})`
  return { ...problem(code satisfies ErrorCode, `${message}${where}`, hint), facts }
}
