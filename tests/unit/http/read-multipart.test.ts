/** Forms as they come over a network: in pieces of any size, with anything in them. */
import { describe, expect, test } from 'vitest'
import { AppError } from '#core/errors'
import { readBoundary, readMultipart } from '#http/multipart/read-multipart'
import { attachment, readDisposition } from '#http/multipart/disposition'

function streamOf(bytes: Uint8Array, piece: number): ReadableStream<Uint8Array> {
  let at = 0
  return new ReadableStream({
    pull(controller) {
      if (at >= bytes.byteLength) return controller.close()
      controller.enqueue(bytes.slice(at, at + piece))
      at += piece
    },
  })
}

interface Read {
  readonly name: string
  readonly filename: string | undefined
  readonly type: string | undefined
  readonly text: string
}

async function read(body: string | Uint8Array, boundary = 'x', piece = 7): Promise<Read[]> {
  const fields: Read[] = []
  for await (const { bytes, ...field } of readMultipart(streamOf(Buffer.from(body), piece), boundary)) {
    const chunks: Uint8Array[] = []
    for await (const chunk of bytes) chunks.push(chunk)
    fields.push({ ...field, text: Buffer.concat(chunks).toString('latin1') })
  }
  return fields
}

const codeOf = (body: string, boundary?: string) =>
  read(body, boundary).then(
    () => 'read',
    (error: unknown) => (error instanceof AppError ? error.code : String(error)),
  )

const part = (content: string, name = 'a') =>
  `--x\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${content}\r\n`

describe('a form', () => {
  test('is the same in pieces of every size', async () => {
    const form = new FormData()
    const content = Buffer.from('início\r\n--x\r\n-\r\n--\r\n\r\nfim\r\n')
    form.append('antes', 'é')
    form.append('file', new File([content], 'a "b" ç.txt', { type: 'text/plain' }))
    form.append('depois', '')
    const response = new Response(form)
    const boundary = readBoundary(response.headers.get('content-type') ?? '') ?? ''
    const body = new Uint8Array(await response.arrayBuffer())
    for (let piece = 1; piece <= body.byteLength; piece += piece < 100 ? 1 : 37) {
      expect(await read(body, boundary, piece), `${piece}`).toEqual([
        { name: 'antes', filename: undefined, type: undefined, text: Buffer.from('é').toString('latin1') },
        { name: 'file', filename: 'a "b" ç.txt', type: 'text/plain', text: content.toString('latin1') },
        { name: 'depois', filename: undefined, type: undefined, text: '' },
      ])
    }
  })

  test('may hold what looks like its boundary, in pieces of every size', async () => {
    const content = '\r\n--y\r\r\n--\r\n-x--x\r--x\n--x'
    for (let piece = 1; piece < 90; piece += 1) {
      expect(await read(`${part(content)}--x--`, 'x', piece)).toMatchObject([{ text: content }])
    }
  })

  test('may have text before and behind it, and spaces behind a boundary', async () => {
    expect(await read(`preâmbulo\r\n${part('1').replace('--x', '--x  ')}--x--\r\nepílogo`)).toMatchObject([
      { text: '1' },
    ])
  })

  test('whose reader skips a field goes on with the next', async () => {
    const names: string[] = []
    const body = `${part('1'.repeat(1_000))}${part('2', 'b')}--x--\r\n`
    for await (const { name } of readMultipart(streamOf(Buffer.from(body), 11), 'x')) names.push(name)
    expect(names).toEqual(['a', 'b'])
  })

  test.each([
    ['', 'nothing'],
    ['--x', 'a cut boundary'],
    ['--x\r\n', 'no headers'],
    ['--x\r\nContent-Disposition: form-data; name="a"\r\n\r\nabc', 'a cut field'],
    [part('1'), 'no end'],
    ['--x\r\n\r\n1\r\n--x--', 'a field without a name'],
    ['--x\r\nContent-Disposition: attachment; name="a"\r\n\r\n1\r\n--x--', 'another disposition'],
    [`--xy\r\n\r\n1\r\n--x--`, 'another boundary'],
    [`--x\r\n${'h: 1\r\n'.repeat(5_000)}\r\n1\r\n--x--`, 'endless headers'],
    [`${Array.from({ length: 60 }, () => part('1')).join('')}--x--`, 'too many fields'],
  ])('that is %j has %s', async (body) => {
    expect(await codeOf(body)).toBe('malformed_form')
  })
})

test.each([
  ['multipart/form-data; boundary=abc', 'abc'],
  ['Multipart/Form-Data; charset=utf-8; boundary="a b:c"', 'a b:c'],
  ['multipart/form-data', undefined],
  ['multipart/form-data; boundary=', undefined],
  ['multipart/mixed; boundary=abc', undefined],
  [`multipart/form-data; boundary=${'a'.repeat(71)}`, undefined],
])('the boundary of %j', (type, boundary) => {
  expect(readBoundary(type)).toBe(boundary)
})

test.each([
  ['form-data; name="file"; filename="a.txt"', { name: 'file', filename: 'a.txt' }],
  ['form-data; name=file; filename=a.txt', { name: 'file', filename: 'a.txt' }],
  ['form-data; filename="x; name=y"; name="file"', { name: 'file', filename: 'x; name=y' }],
  [
    String.raw`form-data; name="file"; filename="C:\x\a \"1\".txt"`,
    { name: 'file', filename: String.raw`C:\x\a "1".txt` },
  ],
  [`form-data; name="file"; filename="a.txt"; filename*=UTF-8''%C3%A7.txt`, { name: 'file', filename: 'ç.txt' }],
  [`form-data; name="file"; filename="a.txt"; filename*=UTF-8''%ff`, { name: 'file', filename: 'a.txt' }],
  ['form-data; name=""', { name: '', filename: undefined }],
])('reads %j', (header, said) => {
  expect(readDisposition(header)).toEqual(said)
})

test.each(['a\r\nX: y".txt', 'ç"%;\\.pdf', '名前', 'a\u0000b', "it's (1)*.txt"])(
  'a name like %j stays in its header',
  (name) => {
    const header = attachment(name)
    expect(header).toMatch(
      /^attachment; filename="[\x20-\x21\x23-\x5b\x5d-\x7e]+"; filename\*=UTF-8''[A-Za-z0-9!#$&+\-.^_`|~%]+$/,
    )
    expect(decodeURIComponent(header.split("UTF-8''")[1] ?? '')).toBe(name)
  },
)
