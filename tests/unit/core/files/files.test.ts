/** Names, folders, types and ranges of files. */
import { describe, expect, test } from 'vitest'
import { cleanFilename, Folder } from '#core/files/names'
import { kindOf } from '#core/files/kinds'
import { readRange } from '#core/files/range'
import { sniffType } from '#core/files/sniff'
import { isWanted } from '#core/triggers/file-trigger'

test.each([
  ['a.txt', 'a.txt'],
  ['/etc/passwd', 'passwd'],
  ['....//....//x', 'x'],
  ['a/..', 'arquivo'],
  ['', 'arquivo'],
  ['\u0000\r\n', 'arquivo'],
  ['a\uD800.txt', 'a\uFFFD.txt'],
  ['  a .txt ', 'a .txt'],
])('the name %j is %j', (sent, name) => {
  expect(cleanFilename(sent)).toBe(name)
})

test('a long name keeps its ending and never half a character', () => {
  const name = cleanFilename(`${'👩‍🚀'.repeat(100)}.pdf`)
  expect(name.endsWith('.pdf')).toBe(true)
  expect(name.isWellFormed()).toBe(true)
  expect(new TextEncoder().encode(name).byteLength).toBeLessThanOrEqual(255)
})

test.each([
  ['', ''],
  ['/', ''],
  ['a', 'a/'],
  ['/a/b/', 'a/b/'],
  ['a b/ç', 'a b/ç/'],
])('the folder %j is %j', (sent, folder) => {
  expect(Folder.parse(sent)).toBe(folder)
})

test.each(['a//b', '.', '..', 'a/../b', 'a/./b', 'a\\b', ' a', 'a\u0000', 'a\u202Eb', 'x'.repeat(501)])(
  '%j is no folder',
  (sent) => {
    expect(Folder.safeParse(sent).success).toBe(false)
  },
)

describe('a type', () => {
  const sniff = (hex: string, filename = 'a', type?: string) =>
    sniffType(Buffer.from(hex, 'hex'), { filename, ...(type === undefined ? {} : { type }) })

  test.each([
    ['89504e470d0a1a0a0000', 'image/png'],
    ['ffd8ffe000104a464946', 'image/jpeg'],
    ['5249464600000000574542505650', 'image/webp'],
    ['000000206674797069736f6d', 'video/mp4'],
    ['0000001c667479706d696631', 'video/mp4'],
    ['1f8b0800', 'application/gzip'],
    ['00000000', 'application/octet-stream'],
    ['ff', 'application/octet-stream'],
  ])('of %s is %s, whatever is said', (hex, type) => {
    expect(sniff(hex, 'a.html', 'text/html')).toBe(type)
  })

  test('of a container is what its name says, among containers', () => {
    expect(sniff('504b0304', 'a.docx')).toMatch(/wordprocessingml/)
    expect(sniff('504b0304', 'a.html', 'text/html')).toBe('application/zip')
    expect(sniff('504b0304', 'a.constructor')).toBe('application/zip')
  })

  test('of a text that was cut within a character is text', () => {
    const cut = Buffer.from('olá'.repeat(100)).subarray(0, -1)
    expect(sniffType(cut, { filename: 'a.md' })).toBe('text/markdown')
  })

  test('that is unknown is of no kind', () => {
    expect(kindOf('application/octet-stream')).toEqual({ kind: 'other', limitBytes: 1024 ** 3 })
    expect(kindOf('image/svg+xml').kind).toBe('image')
    expect(kindOf('application/json').kind).toBe('text')
    expect(kindOf('application/vnd.ms-excel').kind).toBe('document')
  })
})

test.each([
  ['bytes=0-0', { offset: 0, length: 1 }],
  ['bytes=9-', { offset: 9, length: 1 }],
  ['bytes=-20', { offset: 0, length: 10 }],
  ['bytes=-0', 'unsatisfiable'],
  ['bytes=10-', 'unsatisfiable'],
  ['bytes=99999999999999999999-', 'unsatisfiable'],
  ['bytes=-', undefined],
  ['bytes=a-b', undefined],
  ['bytes=3-1', undefined],
])('the range %s', (header, range) => {
  expect(readRange(header, 10)).toEqual(range)
})

test('an empty file has no ranges', () => {
  expect(readRange('bytes=0-', 0)).toBe('unsatisfiable')
  expect(readRange('bytes=-1', 0)).toBe('unsatisfiable')
})

test('a trigger takes a folder with what is below it, and nothing beside it', () => {
  const file = { folder: 'a/b/', content_type: 'text/csv', tags: ['x', 'y'] }
  expect(isWanted({ folder: 'a/' }, file)).toBe(true)
  expect(isWanted({ folder: 'a/b/c/' }, file)).toBe(false)
  expect(isWanted({ folder: Folder.parse('') }, file)).toBe(true)
  expect(isWanted({ content_type: 'text/*', tags: ['y'] }, file)).toBe(true)
  expect(isWanted({ content_type: 'text/plain' }, file)).toBe(false)
  expect(isWanted({ tags: ['x', 'z'] }, file)).toBe(false)
})
