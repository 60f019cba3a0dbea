// Names of files and people as a log can hold them.
import { fc, test as property } from '@fast-check/vitest'
import { describe, expect, test } from 'vitest'
import { checkName, checkTag } from '../../src/log/names.js'
import { pathName, pathText, textOf } from '../../src/cli/git/names.js'

const bytes = (text: string): Buffer => Buffer.from(text, 'latin1')
// Paths in git: any bytes but NUL; short, so that near misses happen.
const PATHS = fc.oneof(
  fc.uint8Array({ min: 1, max: 255, minLength: 1, maxLength: 8 }),
  fc.string({ unit: 'binary', minLength: 1, maxLength: 600 }).map((text) => Buffer.from(text.replaceAll('\0', 'x'))),
  fc.constantFrom('\\x41', 'A', '\\', '\\\\', '\xff', '\\xff', '\n', 'é', '\xc3\xa9', '\xe9').map(bytes),
)

describe('path texts', () => {
  test('path text: an ordinary path stands for itself, also in other scripts', () => {
    for (const path of ['src/a.ts', 'with space', '日本/ü🎉.txt', '-x', '"quoted"']) {
      expect(pathText(Buffer.from(path))).toBe(path)
    }
  })

  test('path text: bytes that are not UTF-8, controls and backslashes are escaped one by one', () => {
    expect(pathText(bytes('a\xffb'))).toBe('a\\xffb')
    expect(pathText(bytes('tab\there'))).toBe('tab\\x09here')
    expect(pathText(bytes('back\\slash'))).toBe('back\\x5cslash')
    expect(pathText(Buffer.from('a\u0085b'))).toBe('a\\xc2\\x85b')
    // A surrogate, an overlong form and a cut character are not UTF-8.
    expect(pathText(bytes('\xed\xa0\x80'))).toBe('\\xed\\xa0\\x80')
    expect(pathText(bytes('\xc0\xaf'))).toBe('\\xc0\\xaf')
    expect(pathText(bytes('\xe6\x97'))).toBe('\\xe6\\x97')
  })

  property.prop([PATHS, PATHS])('path text: different paths have different texts and names', (a, b) => {
    const same = Buffer.compare(a, b) === 0
    expect(pathText(a) === pathText(b)).toBe(same)
    expect(pathName(pathText(a)) === pathName(pathText(b))).toBe(same)
  })

  property.prop([PATHS])('path name: is always a valid stream name and tag', (path) => {
    const name = pathName(pathText(path))
    expect(checkName(`file-${name}`)).toBeUndefined()
    expect(checkTag(`file:${name}`)).toBeUndefined()
  })

  test('path name: long ones that differ only at the end have different names', () => {
    const long = 'd/'.repeat(400)
    expect(pathName(long + 'a')).not.toBe(pathName(long + 'b'))
    expect(pathName(long + 'a').startsWith('d/d/')).toBe(true)
  })
})

test('names of people: UTF-8 stands for itself, other bytes are escaped', () => {
  expect(textOf(Buffer.from('Zoë 日本'))).toBe('Zoë 日本')
  expect(textOf(bytes('J\xfcrgen'))).toBe('J\\xfcrgen')
})
