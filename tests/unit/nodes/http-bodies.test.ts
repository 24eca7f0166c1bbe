/** Forms, files, binary answers and pages: what an `http.request` sends and reads beyond JSON. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { compile } from '#core/workflow/compile'
import { NodeFailure } from '#core/workflow/node-error'
import type { Json, JsonObject } from '#lib/json'
import { catalog } from '#nodes/catalog'
import { httpRequest } from '#nodes/http-request'
import { fakePorts, perform } from './node-driver.ts'

interface Seen {
  readonly url: string
  readonly request: Request
}

let origin: string
let answer: (url: URL, response: ServerResponse) => void
const seen: Seen[] = []

async function receive(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
  const { method = 'GET', headers, url = '' } = incoming
  const sent = await new Response(new Blob(await incoming.toArray())).arrayBuffer()
  const type = { 'content-type': headers['content-type'] ?? '' }
  seen.push({ url, request: new Request(origin, { method, headers: type, body: method === 'GET' ? null : sent }) })
  answer(new URL(url, origin), response)
}

const server = createServer((incoming, response) => {
  receive(incoming, response).catch(() => response.destroy())
})

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
})
beforeEach(() => {
  seen.length = 0
  answer = (_, response) => response.end()
})

const call = async (config: JsonObject, ports = fakePorts({ fetch })) =>
  (await perform(httpRequest, { url: `${origin}/path`, ...config }, { ports })).output as JsonObject

const failure = (config: JsonObject) =>
  call(config).then(
    () => 'no failure',
    (error: unknown) => (error instanceof NodeFailure ? error.error.code : String(error)),
  )

function problemsOf(config: JsonObject): (string | undefined)[] {
  const node = { id: 'call', type: 'http.request', data: { config: { url: 'https://example.com', ...config } } }
  const compiled = compile({ nodes: [node], edges: [] }, catalog)
  return compiled.ok ? [] : compiled.error.map(({ path }) => path)
}

describe('a body', () => {
  test('as a form', async () => {
    const body = { a: 'x y&z', n: 7, yes: true, no: null, many: ['1', 2] }
    await call({ method: 'POST', body_type: 'form', body })
    expect(seen[0]?.request.headers.get('content-type')).toBe('application/x-www-form-urlencoded')
    expect([...new URLSearchParams(await seen[0]?.request.text())]).toEqual([
      ['a', 'x y&z'],
      ['n', '7'],
      ['yes', 'true'],
      ['many', '1'],
      ['many', '2'],
    ])
  })

  test('in parts: fields, texts and bytes, as any server reads them', async () => {
    const bytes = Buffer.from([0, 255, 13, 10, 45, 45])
    await call({
      method: 'POST',
      body_type: 'multipart',
      headers: { 'Content-Type': 'multipart/form-data' },
      body: [
        { name: 'order "7"\r\nX: y', value: 7 },
        { name: 'note', filename: 'olá.txt', text: 'à mão' },
        { name: 'image', filename: 'a"b.png', content_type: 'image/png', base64: bytes.toString('base64') },
      ],
    })
    const form = await (seen[0]?.request ?? new Request(origin)).formData()
    const [[field, value], [, note], [, image]] = [...form] as [[string, string], [string, File], [string, File]]
    // What would end a header is written as browsers write it.
    expect([decodeURIComponent(field), value]).toEqual(['order "7"\r\nX: y', '7'])
    expect([note.name, await note.text(), note.type]).toEqual(['olá.txt', 'à mão', 'text/plain;charset=utf-8'])
    expect([decodeURIComponent(image.name), image.type]).toEqual(['a"b.png', 'image/png'])
    expect(Buffer.from(await image.arrayBuffer())).toEqual(bytes)
  })

  test('in parts is the same on every attempt, and no part can end another', async () => {
    const part = (text: string) => ({ method: 'POST', body_type: 'multipart', body: [{ name: 'a', value: text }] })
    const evil = '--synapscale-form-data\r\nContent-Disposition: form-data; name="b"\r\n\r\nforged'
    await call(part(evil))
    await call(part(evil))
    const [first, second] = await Promise.all(seen.map(({ request }) => request.clone().text()))
    expect(first).toBe(second)
    const form = await (seen[0]?.request ?? new Request(origin)).formData()
    expect([...form]).toEqual([['a', evil]])
  })

  test.each<[JsonObject, string]>([
    [{ body_type: 'form', body: { a: { b: 1 } } }, '/data/config/body/a'],
    [{ body_type: 'form', body: 'a=1' }, '/data/config/body'],
    [{ body_type: 'multipart', body: { a: 1 } }, '/data/config/body'],
    [{ body_type: 'multipart', body: [{ name: 'a' }] }, '/data/config/body/0'],
    [{ body_type: 'multipart', body: [{ name: 'a', filename: 'b', base64: 'no!' }] }, '/data/config/body/0/base64'],
  ])('%j is refused before it runs', (config, path) => {
    expect(problemsOf({ method: 'POST', ...config })).toContain(path)
  })
})

describe('an answer', () => {
  const reply = (body: Buffer | string, type?: string): void => {
    answer = (_, response) => response.writeHead(200, type === undefined ? {} : { 'content-type': type }).end(body)
  }
  const png = Buffer.from([137, 80, 78, 71, 0, 255])
  const binary = { content_type: 'image/png', base64: png.toString('base64'), bytes: 6 }

  test.each<[string, Buffer | string, string | undefined, Json]>([
    ['auto', png, 'image/png', binary],
    ['auto', 'a,b', 'application/csv', 'a,b'],
    ['auto', Buffer.from([0xe9]), 'text/plain; charset=iso-8859-1', 'é'],
    ['auto', png, undefined, { ...binary, content_type: 'application/octet-stream' }],
    ['base64', '{"a":1}', 'application/json', { content_type: 'application/json', base64: 'eyJhIjoxfQ==', bytes: 7 }],
    ['text', '{"a":1}', 'application/json', '{"a":1}'],
    ['json', '{"a":1}', 'text/plain', { a: 1 }],
    ['json', 'not json', 'text/plain', 'not json'],
  ])('as %s: %s of type %s', async (response_type, body, type, expected) => {
    reply(body, type)
    expect(await call({ response_type })).toMatchObject({ body: expected })
  })

  test.each<[string, Json]>([
    ['data.items[1].id', 8],
    ['data', { items: [{ id: 7 }, { id: 8 }] }],
    ['data.none.at', null],
    ['constructor', null],
    ['data.items.length', null],
  ])('the part at %s', async (response_path, expected) => {
    reply(JSON.stringify({ data: { items: [{ id: 7 }, { id: 8 }] } }), 'application/json')
    expect(await call({ response_path })).toMatchObject({ status: 200, body: expected })
  })
})

describe('pages', () => {
  /** Five items, two on a page. */
  const serve = (write: (page: number, url: URL) => { body: JsonObject; headers?: Record<string, string> }): void => {
    answer = (url, response) => {
      const page = Number(url.searchParams.get('page') ?? url.searchParams.get('cursor') ?? 1)
      const { body, headers = {} } = write(page, url)
      const items = [1, 2, 3, 4, 5].slice(2 * (page - 1), 2 * page)
      response.writeHead(200, { 'content-type': 'application/json', ...headers })
      response.end(JSON.stringify({ items, ...body }))
    }
  }
  const all = { body: [1, 2, 3, 4, 5], has_more: false }
  const pagesAsked = () => seen.map(({ url }) => url)

  test('by the header Link', async () => {
    serve((page) => {
      const links = ['</first>; rel="first"', ...(page < 3 ? [`</path?page=${page + 1}&q=1>; rel="next last"`] : [])]
      return { body: {}, headers: { link: links.join(', ') } }
    })
    const output = await call({ query: { q: 1 }, response_path: 'items', pagination: { type: 'link' } })
    expect(output).toMatchObject({ ...all, pages: 3, url: `${origin}/path?q=1`, status: 200 })
    expect(pagesAsked()).toEqual(['/path?q=1', '/path?page=2&q=1', '/path?page=3&q=1'])
  })

  test('by an address in the body', async () => {
    serve((page) => ({ body: { meta: { next: page < 3 ? `${origin}/path?page=${page + 1}` : null } } }))
    const pagination = { type: 'next', path: 'meta.next' }
    expect(await call({ response_path: 'items', pagination })).toMatchObject({ ...all, pages: 3 })
  })

  test('by a cursor', async () => {
    serve((page) => ({ body: { next: page < 3 ? page + 1 : '' } }))
    const pagination = { type: 'cursor', path: 'next' }
    expect(await call({ query: { size: 2 }, response_path: 'items', pagination })).toMatchObject(all)
    expect(pagesAsked()).toEqual(['/path?size=2', '/path?size=2&cursor=2', '/path?size=2&cursor=3'])
  })

  test('by number, up to an empty one', async () => {
    serve(() => ({ body: {} }))
    expect(await call({ response_path: 'items', pagination: { type: 'page' } })).toMatchObject({ ...all, pages: 4 })
    expect(pagesAsked()).toEqual(['/path?page=1', '/path?page=2', '/path?page=3', '/path?page=4'])
  })

  test('are no more than asked for, and it says that there are', async () => {
    serve((page) => ({ body: { next: page + 1 } }))
    const pagination = { type: 'cursor', path: 'next', max_pages: 2 }
    const output = await call({ response_path: 'items', pagination })
    expect(output).toMatchObject({ body: [1, 2, 3, 4], pages: 2, has_more: true })
    expect(seen).toHaveLength(2)
  })

  test('that lead back to themselves end', async () => {
    serve(() => ({ body: { next: '1' } }))
    const pagination = { type: 'cursor', path: 'next' }
    expect(await call({ response_path: 'items', pagination })).toMatchObject({ pages: 2, has_more: false })
  })

  test.each(['http://evil.example/path', 'https://127.0.0.1/path', 'file:///etc/passwd'])(
    'at another server get nothing: %s',
    async (next) => {
      serve(() => ({ body: { next } }))
      const auth = { type: 'bearer', token: 'key' }
      const config = { auth, response_path: 'items', pagination: { type: 'next', path: 'next' } }
      expect(await failure(config)).toBe('http_next_elsewhere')
      expect(seen).toHaveLength(1)
    },
  )

  test('that are no lists, and those that are too much together, fail the node', async () => {
    serve(() => ({ body: {} }))
    expect(await failure({ pagination: { type: 'page' } })).toBe('not_a_list')
    serve((page) => ({ body: { items: ['x'.repeat(9_000_000)], next: page + 1 } }))
    const pagination = { type: 'cursor', path: 'next' }
    expect(await failure({ response_path: 'items', pagination })).toBe('output_too_large')
    expect(seen).toHaveLength(4)
  })
})
