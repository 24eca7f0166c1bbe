import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { NodeFailure } from '#core/workflow/node-error'
import type { Json, JsonObject } from '#lib/json'
import { httpRequest } from '#nodes/http-request'
import { fakePorts, perform } from './node-driver.ts'

interface Seen {
  readonly method: string | undefined
  readonly url: string | undefined
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

let origin: string
let answer: (response: ServerResponse) => void
const seen: Seen[] = []

const server = createServer((request, response) => {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => {
    const { method, url, headers } = request
    seen.push({ method, url, headers, body: Buffer.concat(chunks).toString() })
    answer(response)
  })
})

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  origin = `http://127.0.0.1:${port}`
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
})
beforeEach(() => {
  seen.length = 0
  answer = (response) => response.end()
})

/** Answers with this; `date` only where a test sets it. */
function reply(status: number, body: string, headers: Record<string, string> = {}): void {
  answer = (response) => {
    response.sendDate = false
    response.writeHead(status, headers).end(body)
  }
}

const call = (config: JsonObject = {}, input: Json = null) =>
  perform(httpRequest, { url: `${origin}/path`, ...config }, { input, ports: fakePorts({ fetch }) })

async function failureOf(config: JsonObject = {}): Promise<NodeFailure> {
  try {
    await call(config)
  } catch (error) {
    if (error instanceof NodeFailure) return error
    throw error
  }
  throw new Error('it did not fail')
}

describe('what is sent', () => {
  test.each(['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS'])('%s', async (method) => {
    await call({ method })
    expect(seen).toMatchObject([{ method, url: '/path', body: '' }])
  })

  test('GET unless told otherwise', async () => {
    await call()
    expect(seen[0]?.method).toBe('GET')
  })

  test.each<[string, JsonObject, string]>([
    ['/p', { a: 1, b: true, c: 'x y&z' }, '/p?a=1&b=true&c=x+y%26z'],
    ['/p?a=0', { a: 1 }, '/p?a=0&a=1'],
    ['/p?a=0#part', { b: '#' }, '/p?a=0&b=%23'],
    ['/p#a#b', { b: 2 }, '/p?b=2'],
    ['/p', { gone: null, missing: '{{ $input.missing }}' }, '/p'],
    ['/p', { n: '{{ $input.n }}' }, '/p?n=7'],
  ])('%s with the query %j', async (path, query, url) => {
    await call({ url: origin + path, query }, { n: 7 })
    expect(seen[0]?.url).toBe(url)
  })

  test('headers: text, numbers, and none where there is no value', async () => {
    await call({ headers: { 'X-Text': 'a', 'x-number': 7, 'x-none': null, 'x-missing': '{{ $input.missing }}' } })
    expect(seen[0]?.headers).toMatchObject({ 'x-text': 'a', 'x-number': '7' })
    expect(Object.keys(seen[0]?.headers ?? {})).not.toEqual(
      expect.arrayContaining([expect.stringMatching(/none|missing/)]),
    )
  })

  test.each<[Json, string, string | undefined]>([
    [{ a: [1, null] }, '{"a":[1,null]}', 'application/json'],
    [[1], '[1]', 'application/json'],
    [0, '0', 'application/json'],
    [false, 'false', 'application/json'],
    ['plain text', 'plain text', 'text/plain;charset=UTF-8'],
    [null, '', undefined],
    ['{{ $input.n }}', '7', 'application/json'],
    ['n is {{ $input.n }}', 'n is 7', 'text/plain;charset=UTF-8'],
  ])('the body %j', async (body, text, type) => {
    await call({ method: 'POST', body }, { n: 7 })
    expect(seen[0]?.body).toBe(text)
    expect(seen[0]?.headers['content-type']).toBe(type)
  })

  test('a content type of its own', async () => {
    await call({ method: 'POST', body: { a: 1 }, headers: { 'Content-Type': 'application/vnd.api+json' } })
    expect(seen[0]?.headers['content-type']).toBe('application/vnd.api+json')
  })

  test.each<[JsonObject, Record<string, string>]>([
    [
      { type: 'basic', username: 'ana', password: 'sená:ç' },
      { authorization: `Basic ${Buffer.from('ana:sená:ç').toString('base64')}` },
    ],
    [{ type: 'bearer', token: 't0ken' }, { authorization: 'Bearer t0ken' }],
    [{ type: 'header', name: 'X-Api-Key', value: 'k3y' }, { 'x-api-key': 'k3y' }],
  ])('auth %j', async (auth, headers) => {
    await call({ auth })
    expect(seen[0]?.headers).toMatchObject(headers)
  })

  test('auth none is none', async () => {
    await call({ auth: { type: 'none' } })
    expect(seen[0]?.headers).not.toHaveProperty('authorization')
  })
})

describe('what comes back', () => {
  test.each<[string, string | undefined, Json]>([
    ['{"a":1}', 'application/json', { a: 1 }],
    ['{"a":1}', 'application/problem+json; charset=utf-8', { a: 1 }],
    ['[1]', undefined, [1]],
    ['text', undefined, 'text'],
    ['{"a":1}', 'text/plain', '{"a":1}'],
    ['{broken', 'application/json', '{broken'],
    ['', 'application/json', null],
    ['olá 😀', 'text/plain; charset=utf-8', 'olá 😀'],
    [`${'['.repeat(5000)}${']'.repeat(5000)}`, 'application/json', `${'['.repeat(5000)}${']'.repeat(5000)}`],
  ])('%.20j as %s', async (text, type, body) => {
    reply(200, text, type === undefined ? {} : { 'content-type': type })
    const { output, handles } = await call()
    expect(output).toMatchObject({ status: 200, body, url: `${origin}/path` })
    expect(handles).toEqual(['out'])
  })

  test('status, headers by lower-case name, and an empty body', async () => {
    reply(204, '', { 'X-Request-Id': 'r1' })
    expect((await call()).output).toMatchObject({ status: 204, headers: { 'x-request-id': 'r1' }, body: null })
  })
})

describe('an answer outside 2xx fails the node', () => {
  test.each([
    [400, false],
    [401, false],
    [404, false],
    [408, true],
    [409, false],
    [422, false],
    [425, true],
    [429, true],
    [500, true],
    [503, true],
  ])('%d, worth another attempt: %s', async (status, retryable) => {
    reply(status, '{"why":"because"}', { 'content-type': 'application/json' })
    const failure = await failureOf({ method: 'POST' })
    expect(failure).toMatchObject({ retryable, retryAfterMs: undefined })
    expect(failure.error).toMatchObject({ code: 'http_status', status, body: { why: 'because' } })
    expect(failure.error.message_en).toBe(`POST ${origin}/path answered ${status}.`)
  })

  test.each([
    ['7', undefined, 7000],
    ['0', undefined, 0],
    ['Tue, 01 Jan 2030 00:01:00 GMT', 'Tue, 01 Jan 2030 00:00:00 GMT', 60_000],
    ['Tue, 01 Jan 2030 00:00:00 GMT', 'Tue, 01 Jan 2030 00:01:00 GMT', 0],
    ['Tue, 01 Jan 2030 00:01:00 GMT', undefined, undefined],
    ['-5', undefined, undefined],
    ['soon', undefined, undefined],
  ])('Retry-After: %s (Date: %s) is %s ms', async (retryAfter, date, wait) => {
    reply(429, '', { 'retry-after': retryAfter, ...(date === undefined ? {} : { date }) })
    expect((await failureOf()).retryAfterMs).toBe(wait)
  })

  test('a long answer is cut, and a large JSON left out', async () => {
    reply(500, 'x'.repeat(100_000), { 'content-type': 'text/plain' })
    expect((await failureOf()).error.body).toBe('x'.repeat(4000))
    reply(500, JSON.stringify({ text: 'x'.repeat(100_000) }), { 'content-type': 'application/json' })
    expect((await failureOf()).error.body).toBeNull()
  })
})

describe('secrets', () => {
  test.each<JsonObject>([
    { auth: { type: 'bearer', token: 'hunter2\r\nX-Evil: 1' } },
    { auth: { type: 'header', name: 'x-key', value: 'hunter2\nx' } },
    { auth: { type: 'header', name: 'bad name', value: 'hunter2' } },
    { headers: { 'x-key': 'hunter2 \u{1f600}' } },
    { headers: { 'hunter2\u0000': 'x' } },
  ])('a header that HTTP does not allow is named, its value is not: %j', async (config) => {
    const failure = await failureOf(config)
    expect(failure.error).toMatchObject({
      code: 'config_invalid',
      message_en: 'The evaluated config is invalid: headers',
    })
    expect(failure.retryable).toBe(false)
    expect(seen).toEqual([])
  })

  test('neither the query nor the user name of an address stands in an error', async () => {
    reply(500, '')
    const failing = fakePorts({ fetch: () => Promise.resolve(new Response('', { status: 500 })) })
    const url = 'https://ana:hunter2@example.com/path?key=hunter2#hunter2'
    const failed = perform(httpRequest, { url, query: { token: 'hunter2' } }, { ports: failing })
    const error: unknown = await failed.catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ error: { message_en: 'GET https://example.com/path answered 500.' } })
    expect(JSON.stringify(error)).not.toContain('hunter2')
  })

  test('an at sign in the path is no user name', async () => {
    reply(500, '')
    expect((await failureOf({ url: `${origin}/@ana/x` })).error.message_en).toContain(`${origin}/@ana/x`)
  })
})

test.each<JsonObject>([
  { url: '' },
  { url: 'x', method: 'TRACE' },
  { url: 'x', method: 'get' },
  { url: 'x', body: { a: 1 } },
  { url: 'x', method: 'HEAD', body: 'text' },
  { url: 'x', auth: { type: 'basic', username: 'a' } },
  { url: 'x', auth: { type: 'magic' } },
  { url: 'x', headers: { a: {} } },
  { url: 'x', timeout: 1 },
])('refuses %j', (config) => expect(httpRequest.config.safeParse(config).success).toBe(false))
