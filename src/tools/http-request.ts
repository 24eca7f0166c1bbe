import { z } from 'zod'
import { ToolFailure } from '#core/agent/tool'
import { defineTool, offerTool } from '#core/agent/tool-type'
import { AnyJson } from '#core/json'
import { Host, isHostNamed } from '#core/variable/hosts'
import { type Json, parseJson } from '#lib/json'

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD'] as const
const PARTS = ['path', 'query', 'headers', 'body'] as const
const MAX_BYTES = 262_144
const Texts = z.record(z.string(), z.string())

const Config = z
  .strictObject({
    url: z
      .url({ protocol: /^https?$/ })
      .optional()
      .describe('Fixed address; without it the model gives the whole one'),
    hosts: z
      .array(Host)
      .max(50)
      .default([])
      .describe("Without a fixed address: the hosts that the model's may have; empty for any"),
    methods: z.array(z.enum(METHODS)).min(1).default(['GET']),
    headers: Texts.default({}).describe('Fixed; the model neither sees nor changes them'),
    query: Texts.default({}).describe('Fixed; the model neither sees nor changes it'),
    allow: z.array(z.enum(PARTS)).default(['path', 'query', 'body']).describe('What the model may give'),
    purpose: z.string().max(1_000).optional().describe('What the model is told that it is for'),
    timeout_ms: z.int().min(100).max(120_000).default(30_000),
  })
  .refine(({ url, headers, query }) => url !== undefined || Object.keys({ ...headers, ...query }).length === 0, {
    path: ['url'],
    message: 'fixed headers and query need a fixed url: the model could send them anywhere',
  })
type Config = z.infer<typeof Config>

const Asked = z.object({
  url: z.url({ protocol: /^https?$/ }).optional(),
  method: z.enum(METHODS).optional(),
  path: z.string().max(2_000).optional().describe('Put behind the fixed address'),
  query: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).optional(),
  headers: Texts.optional(),
  body: AnyJson.optional().describe('A text is sent as it is, anything else as JSON'),
})
type Asked = z.infer<typeof Asked>

export const httpRequest = defineTool({
  type: 'http_request',
  icon: 'globe',
  title: { pt: 'Requisição HTTP', en: 'HTTP request' },
  description: {
    pt: 'Chama um endereço, fixo ou escolhido pelo modelo; cabeçalhos e segredos fixos o modelo não vê.',
    en: 'Calls an address, fixed or chosen by the model, who does not see fixed headers and secrets.',
  },
  config: Config,
  secrets: ['headers', 'query'],
  example: {
    url: 'https://api.example.com/orders',
    headers: { authorization: 'Bearer {{ $secrets.SHOP_KEY }}' },
    allow: ['path', 'query'],
    purpose: 'Looks up orders of the shop',
  },
  offer: (ports, config) => [
    offerTool({
      name: 'http_request',
      description: describe(config),
      input: inputOf(config),
      async run(given, { signal, idempotencyKey }) {
        const asked = Asked.parse(given)
        const method = asked.method ?? config.methods[0] ?? 'GET'
        const url = addressOf(config, asked)
        const headers = headersOf(config, asked)
        if (!headers.has('idempotency-key')) headers.set('idempotency-key', idempotencyKey)
        const body = asked.body == null ? null : toBody(asked.body, headers)
        if (body !== null && (method === 'GET' || method === 'HEAD')) {
          throw new ToolFailure('invalid_input', `/body: ${method} carries none`)
        }
        const limits = { signal, timeoutMs: config.timeout_ms, maxBytes: MAX_BYTES }
        // A redirect would lead past the list of hosts.
        const redirect = config.hosts.length > 0 ? 'manual' : 'follow'
        const response = await ports.fetch({ url, method, headers, body, redirect, ...limits })
        const type = response.headers.get('content-type')
        const location = response.headers.get('location')
        const answer = { status: response.status, content_type: type, body: parseBody(await response.text(), type) }
        return location === null ? answer : { ...answer, location }
      },
    }),
  ],
})

function describe({ url, methods, purpose }: Config): string {
  const where = url === undefined ? 'an address' : `${new URL(url).origin}${new URL(url).pathname}`
  const what = `Sends an HTTP request (${methods.join(', ')}) to ${where} and gives status and body.`
  return purpose === undefined ? what : `${purpose}. ${what}`
}

/** The model is told of nothing that it may not give. */
function inputOf({ url, methods, allow }: Config): z.ZodType {
  const hidden = new Set<string>([
    ...(url === undefined ? ['path'] : ['url']),
    ...(methods.length > 1 ? [] : ['method']),
    ...PARTS.filter((part) => !allow.includes(part)),
  ])
  const open = Object.entries(Asked.shape).filter(([name]) => !hidden.has(name))
  return z
    .strictObject(Object.fromEntries(open))
    .extend(methods.length > 1 ? { method: z.enum(methods) } : {})
    .extend(url === undefined ? { url: Asked.shape.url.unwrap() } : {})
}

/** @throws ToolFailure when the model's part leads elsewhere */
function addressOf(config: Config, asked: Asked): string {
  const url = config.url === undefined ? chosenUrl(config, asked) : belowUrl(config.url, asked.path)
  const fixed = new Set(config.url === undefined ? [] : new URL(config.url).searchParams.keys())
  for (const [name, value] of Object.entries(asked.query ?? {})) {
    if (!fixed.has(name)) url.searchParams.append(name, String(value))
  }
  // Last, and alone: the owner's win.
  for (const [name, value] of Object.entries(config.query)) url.searchParams.set(name, value)
  return url.href
}

function chosenUrl({ hosts }: Config, { url }: Asked): URL {
  const chosen = new URL(url ?? '')
  if (hosts.length > 0 && !isHostNamed(hosts, chosen.hostname)) {
    throw new ToolFailure('host_not_allowed', `/url: only these hosts are allowed: ${hosts.join(', ')}`)
  }
  return chosen
}

/** Path and nothing else: neither another host nor, by dots, what lies above. */
function belowUrl(fixed: string, path: string | undefined): URL {
  const base = new URL(fixed)
  if (path === undefined || path === '') return base
  const root = base.pathname.endsWith('/') ? base.pathname : `${base.pathname}/`
  const plain = path.replace(/^\/+/, '')
  const url = URL.parse(`${base.origin}${root}${plain.replaceAll('#', '%23').replaceAll('?', '%3F')}${base.search}`)
  if (url === null || url.origin !== base.origin || !url.pathname.startsWith(root) || /%2e|%2f|%5c/i.test(plain)) {
    throw new ToolFailure('invalid_input', `/path: must lie below ${root}`)
  }
  return url
}

/** What the owner fixes, and what says who is asking, is not the model's to say. */
const FIXED_NAMES: ReadonlySet<string> = new Set([
  'authorization',
  'cookie',
  'host',
  'idempotency-key',
  'proxy-authorization',
])

function headersOf(config: Config, { headers: asked = {} }: Asked): Headers {
  const headers = new Headers()
  for (const [name, value] of Object.entries(asked)) {
    if (FIXED_NAMES.has(name.toLowerCase()))
      throw new ToolFailure('invalid_input', `/headers/${name}: not yours to set`)
    setHeader(headers, name, value)
  }
  for (const [name, value] of Object.entries(config.headers)) setHeader(headers, name, value)
  return headers
}

function setHeader(headers: Headers, name: string, value: string): void {
  try {
    headers.set(name, value)
  } catch {
    throw new ToolFailure('invalid_input', `/headers/${name}: HTTP does not allow this name or value`)
  }
}

function toBody(body: Json, headers: Headers): string {
  if (typeof body === 'string') return body
  if (!headers.has('content-type')) headers.set('content-type', 'application/json')
  return JSON.stringify(body)
}

/** JSON where the server says so, or says nothing and it is JSON; else text. */
function parseBody(text: string, contentType: string | null): Json {
  if (text === '') return null
  if (contentType !== null && !/[/+]json\b/i.test(contentType)) return text
  try {
    return parseJson(text)
  } catch {
    return text
  }
}
