import { type IncomingMessage, type ServerResponse, createServer } from 'node:http'
import { once } from 'node:events'
import { z } from 'zod'

export interface ScriptedServer {
  readonly port: number
  /** What came in, oldest first. */
  readonly requests: readonly { method: string; url: string; headers: IncomingMessage['headers']; body: string }[]
  /** Empties `requests`. */
  forget(): void
  stop(): Promise<void>
}

type Route = (response: ServerResponse, request: IncomingMessage) => void

export function redirectTo(status: number, location: string): Route {
  return (response) => response.writeHead(status, { location }).end('moved')
}

/** A real HTTP server on 127.0.0.1 that answers each path as told. */
export async function startScriptedServer(routes: Readonly<Record<string, Route>>): Promise<ScriptedServer> {
  const requests: ScriptedServer['requests'][number][] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const { method = '', url = '', headers } = request
      requests.push({ method, url, headers, body: Buffer.concat(chunks).toString() })
      const route = routes[url.split('?')[0] ?? '']
      if (route === undefined) response.writeHead(404).end()
      else route(response, request)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = z.object({ port: z.number() }).parse(server.address())
  return {
    port,
    requests,
    forget: () => void requests.splice(0),
    stop: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
