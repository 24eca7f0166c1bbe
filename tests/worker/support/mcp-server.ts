/** MCP servers for agents of the tests: an honest one made with the official library, and hostile ones made by hand. */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { McpServer, WebStandardStreamableHTTPServerTransport } from '@modelcontextprotocol/server'
import { z } from 'zod'

/**
 * `/honest/{key}` has tools that work; each of its sessions can be forgotten by `/forget/{key}`. `/hostile/{kind}` answers
 * as a server should not. `/redirect?to={url}` sends elsewhere.
 */
export interface TestMcpServer {
  readonly url: string
  stop(): Promise<void>
}

function createHonest(headers: Headers): McpServer {
  const server = new McpServer({ name: 'honest', version: '1' })
  server.registerTool(
    'add',
    { description: 'Adds two numbers', inputSchema: z.object({ a: z.number(), b: z.number() }) },
    ({ a, b }) => ({ content: [{ type: 'text', text: String(a + b) }] }),
  )
  server.registerTool(
    'stock',
    { description: 'Tells the stock', inputSchema: z.object({}), outputSchema: z.object({ left: z.number() }) },
    () => ({ content: [{ type: 'text', text: '{"left":3}' }], structuredContent: { left: 3 } }),
  )
  server.registerTool('who.am.I', { description: 'Tells who asks', inputSchema: z.object({}) }, (_, { mcpReq }) => ({
    content: [
      // With the request's own `_meta`.
      { type: 'text', text: `${headers.get('authorization')} ${JSON.stringify(mcpReq)}` },
      { type: 'image', data: 'AAAA', mimeType: 'image/png' },
    ],
  }))
  server.registerTool('fail', { description: 'Fails', inputSchema: z.object({}) }, () => ({
    content: [{ type: 'text', text: 'out of paper' }],
    isError: true,
  }))
  server.registerTool('huge', { description: 'Says much', inputSchema: z.object({}) }, () => ({
    content: [{ type: 'text', text: 'x'.repeat(200_000) }],
  }))
  return server
}

type Answer = (method: string, params: { readonly cursor?: string | undefined }) => unknown
const tool = (name: string, more: object = {}) => ({
  name,
  description: name,
  inputSchema: { type: 'object' },
  ...more,
})
const deep = (levels: number): object => (levels === 0 ? {} : { properties: { x: deep(levels - 1) } })
const BOMB = { type: 'object', properties: { x: { type: 'string', pattern: '^(a+)+$' } }, ...deep(60) }

const HOSTILE: Readonly<Record<string, Answer>> = {
  many: () => ({ tools: Array.from({ length: 500 }, (_, n) => tool(`t${n}`)) }),
  endless: (_, { cursor }) => ({ tools: [tool(`t${cursor ?? ''}`)], nextCursor: `${cursor ?? ''}x` }),
  large: () => ({ tools: [tool('t', { description: 'x'.repeat(3_000_000) })] }),
  odd: (method) =>
    method === 'tools/list'
      ? {
          tools: [
            tool('long', { description: 'd'.repeat(5_000) }),
            tool('bomb', { inputSchema: BOMB, outputSchema: BOMB }),
            tool('ünï code!', { inputSchema: { type: 'object', properties: { a: { type: 'string' } } } }),
            tool('ünï.code?'),
          ],
        }
      : { content: [{ type: 'text', text: 'a' }], structuredContent: { x: 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!' } },
  silent: () => undefined,
}

/** A server that speaks JSON-RPC just well enough to do harm. */
async function answerHostile(kind: string, incoming: IncomingMessage, response: ServerResponse): Promise<void> {
  const text = await new Response(new Blob(await incoming.toArray())).text()
  if (kind === 'junk') return void response.setHeader('content-type', 'text/html').end('<html>hello</html>')
  if (kind === 'refuses') return void response.writeHead(401).end()
  if (incoming.method !== 'POST') return void response.writeHead(405).end()
  const { id, method, params } = z
    .object({
      id: z.unknown().optional(),
      method: z.string(),
      params: z.looseObject({ cursor: z.string().optional() }).default({}),
    })
    .parse(JSON.parse(text))
  if (id === undefined) return void response.writeHead(202).end()
  const hello = { protocolVersion: '2025-06-18', capabilities: { tools: {} }, serverInfo: { name: kind, version: '1' } }
  const result = method === 'initialize' ? hello : HOSTILE[kind]?.(method, params)
  // Never an answer.
  if (result === undefined) return
  response.setHeader('content-type', 'application/json').end(JSON.stringify({ jsonrpc: '2.0', id, result }))
}

/** Starts the server on 127.0.0.1. */
export async function startMcpServer(): Promise<TestMcpServer> {
  const sessions = new Map<string, { key: string; transport: WebStandardStreamableHTTPServerTransport }>()

  async function answerHonest(key: string, incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const headers = new Headers(
      Object.entries(incoming.headers).map(([name, value]): [string, string] => [name, String(value)]),
    )
    const body = incoming.method === 'POST' ? new Uint8Array(Buffer.concat(await incoming.toArray())) : null
    const request = new Request(`http://127.0.0.1${incoming.url}`, { method: incoming.method ?? 'GET', headers, body })
    const known = headers.get('mcp-session-id')
    const session = known === null ? await openSession(key, headers) : sessions.get(known)
    if (session === undefined) return void response.writeHead(404).end()
    const answered = await session.transport.handleRequest(request)
    response.writeHead(answered.status, Object.fromEntries(answered.headers))
    for await (const chunk of answered.body ?? []) response.write(chunk)
    response.end()
  }

  async function openSession(key: string, headers: Headers) {
    const transport = new WebStandardStreamableHTTPServerTransport({
      sessionIdGenerator: () => crypto.randomUUID(),
      onsessioninitialized: (id) => void sessions.set(id, { key, transport }),
    })
    await createHonest(headers).connect(transport)
    return { key, transport }
  }

  async function answer(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(incoming.url ?? '/', 'http://server')
    const [, what = '', key = ''] = url.pathname.split('/')
    if (what === 'honest') return answerHonest(key, incoming, response)
    if (what === 'hostile') return answerHostile(key, incoming, response)
    if (what === 'redirect') {
      return void response.writeHead(307, { location: url.searchParams.get('to') ?? '/' }).end()
    }
    for (const [id, session] of sessions) if (session.key === key) sessions.delete(id)
    response.end()
  }

  const server = createServer((incoming, response) => {
    answer(incoming, response).catch(() => response.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = z.object({ port: z.number() }).parse(server.address())
  return {
    url: `http://127.0.0.1:${port}`,
    async stop() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
