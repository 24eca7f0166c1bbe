/** A real HTTP server for `http.request` nodes to call: what it does is in the path, which ends in a key of the test's. */
import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import { z } from 'zod'

export interface RecordedRequest {
  readonly method: string
  /** Path and query. */
  readonly url: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/**
 * `/echo/{key}` answers what came. `/hold/{key}` answers `{ "held": key }` once it is released.
 * `/script/{key}?answers=503,200` answers these statuses in turn, the last one for ever.
 * `/fill/{key}?byte=97&count=10` answers that many bytes of text.
 * `/mirror/{key}?status=418` answers all that came, as JSON and in the header `x-mirror`.
 * `/pages/{key}?page=1&of=3` answers `{ "items": [1], "next": … }`, and 503 when page 2 is asked for the first time.
 * Tests in workerd ask `/control/requests/{key}` and `/control/release/{key}`.
 */
export interface HttpServer {
  readonly url: string
  /** What came with this key, oldest first. */
  requests(key: string): readonly RecordedRequest[]
  /** Answers what is held under this key, now and later. */
  release(key: string): void
  stop(): Promise<void>
}

/** Starts the server on 127.0.0.1. */
export async function startHttpServer(): Promise<HttpServer> {
  const recorded = new Map<string, RecordedRequest[]>()
  const gates = new Map<string, PromiseWithResolvers<void>>()
  const requests = (key: string): RecordedRequest[] => recorded.get(key) ?? []

  function gate(key: string): PromiseWithResolvers<void> {
    const known = gates.get(key) ?? Promise.withResolvers<void>()
    gates.set(key, known)
    return known
  }

  function control(what: string, key: string): unknown {
    if (what === 'requests') return requests(key)
    gate(key).resolve()
    return {}
  }

  async function answer(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(incoming.url ?? '/', 'http://server')
    const [, what = '', key = '', controlled = ''] = url.pathname.split('/')
    if (what === 'control') return send(response, 200, control(key, controlled))
    const { method = 'GET', headers, url: sent = '' } = incoming
    const body = await new Response(new Blob(await incoming.toArray())).text()
    recorded.set(key, [...requests(key), { method, url: sent, headers, body }])
    if (what === 'mirror') {
      response.setHeader('x-mirror', encodeURIComponent(headers.authorization ?? ''))
      return send(response, Number(url.searchParams.get('status') ?? 200), { url: sent, headers, body })
    }
    if (what === 'hold') {
      await gate(key).promise
      return send(response, 200, { held: key })
    }
    if (what === 'fill') {
      const count = Number(url.searchParams.get('count'))
      response.setHeader('content-type', 'text/plain')
      return void response.end(Buffer.alloc(count, Number(url.searchParams.get('byte'))))
    }
    if (what === 'pages') {
      const [page, of] = [Number(url.searchParams.get('page') ?? 1), Number(url.searchParams.get('of'))]
      const isFirstTry = page === 2 && requests(key).filter((one) => one.url === sent).length === 1
      url.searchParams.set('page', String(page + 1))
      const next = page < of ? `${url.pathname}${url.search}` : null
      return send(response, isFirstTry ? 503 : 200, { items: page > of ? [] : [page], next })
    }
    const answers = (url.searchParams.get('answers') ?? '200').split(',').map(Number)
    const status = answers[requests(key).length - 1] ?? answers.at(-1) ?? 200
    send(response, status, { method, body, status })
  }

  const server = createServer((incoming, response) => {
    // A client that goes away in the middle is part of the tests.
    answer(incoming, response).catch(() => response.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = z.object({ port: z.number() }).parse(server.address())
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    release: (key) => gate(key).resolve(),
    async stop() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

function send(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value))
}
