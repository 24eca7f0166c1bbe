/**
 * A remote MCP server over streamable HTTP, spoken to with the official client. What it says is anybody's: lists, schemas
 * and results are bounded here, and none of its schemas is ever compiled.
 */
import {
  type CallToolResult,
  Client,
  type JsonSchemaValidator,
  SdkHttpError,
  StreamableHTTPClientTransport,
} from '@modelcontextprotocol/client'
import { z } from 'zod'
import { AnyJsonObject } from '#core/json'
import { isJsonObject, type Json, type JsonObject, JsonTooLarge, measureJson } from '#lib/json'
import { McpFailure, toMcpFailure } from './errors.ts'
import { toMcpTool, type McpTool } from './tools.ts'

/** All that a list takes, with its handshake. */
const LIST_TIMEOUT_MS = 15_000
const MAX_LIST_PAGES = 10
const MAX_LISTED = 1_000
/** A result deeper than this is none that a model could read. */
const MAX_DEPTH = 100
const MAX_RESULT_BYTES = 4_194_304

export interface McpServer {
  /** Every tool that it has. */
  list(signal?: AbortSignal): Promise<readonly McpTool[]>
  /**
   * What a tool gives: its structured content, else its text.
   *
   * @throws McpFailure `mcp_tool_failed` with what the tool itself says, `mcp_…`; the reason of the signal
   */
  call(name: string, input: JsonObject, options: McpCallOptions): Promise<Json>
}

export interface McpCallOptions {
  readonly signal: AbortSignal
  readonly timeoutMs: number
  /** Handed to the server with the call. */
  readonly idempotencyKey: string
}

export interface McpOptions {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  /** Through the outbound gate, which bounds each answer in bytes and time. */
  readonly fetch: typeof fetch
}

/** Opens nothing: the first use does, and the session is kept for the next ones. */
export function createMcpServer(options: McpOptions): McpServer {
  let opened: Promise<Client> | undefined
  const open = (): Promise<Client> => {
    opened ??= connect(options).catch((error: unknown) => {
      opened = undefined
      throw error
    })
    return opened
  }

  /** A session that the server has forgotten is 404: nothing was done in it. */
  async function withSession<T>(work: (client: Client) => Promise<T>): Promise<T> {
    const client = await open()
    try {
      return await work(client)
    } catch (error) {
      if (!(error instanceof SdkHttpError) || error.status !== 404) throw error
      opened = undefined
      return work(await open())
    }
  }

  return {
    list: (signal) => explained(signal, () => withSession((client) => list(client, signal))),
    call: (name, input, { signal, timeoutMs, idempotencyKey }) =>
      explained(signal, () =>
        withSession(async (client) => {
          const params = { name, arguments: input, _meta: { 'synapscale/idempotency-key': idempotencyKey } }
          return readResult(name, await client.callTool(params, { signal, timeout: timeoutMs }))
        }),
      ),
  }
}

/** Schemas of a stranger hold patterns that never end: what its tools give is read, not checked. */
const unchecked = {
  getValidator<T>(): JsonSchemaValidator<T> {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the type is the caller's guess, and we read it as unknown
    return (input) => ({ valid: true, data: input as T, errorMessage: undefined })
  },
}

async function connect({ url, headers, fetch }: McpOptions): Promise<Client> {
  const client = new Client(
    { name: 'synapscale', version: '1' },
    { jsonSchemaValidator: unchecked, listMaxPages: MAX_LIST_PAGES },
  )
  const transport = new StreamableHTTPClientTransport(new URL(url), {
    requestInit: { headers: { ...headers } },
    fetch: (input, init) =>
      // The stream of what the server says unasked would be open for as long as the turn: servers may lack it.
      (init?.method ?? 'GET') === 'GET' ? Promise.resolve(new Response(null, { status: 405 })) : fetch(input, init),
    reconnectionOptions: {
      maxRetries: 0,
      initialReconnectionDelay: 1_000,
      maxReconnectionDelay: 1_000,
      reconnectionDelayGrowFactor: 1,
    },
  })
  // What goes wrong reaches the request that it was for.
  // oxlint-disable-next-line unicorn/prefer-add-event-listener -- the library's client is no EventTarget
  client.onerror = () => undefined
  await client.connect(transport, { timeout: LIST_TIMEOUT_MS })
  return client
}

async function list(client: Client, signal: AbortSignal | undefined): Promise<readonly McpTool[]> {
  const limits = [AbortSignal.timeout(LIST_TIMEOUT_MS), ...(signal === undefined ? [] : [signal])]
  const { tools } = await client.listTools(undefined, { signal: AbortSignal.any(limits), timeout: LIST_TIMEOUT_MS })
  if (tools.length > MAX_LISTED) throw new McpFailure('mcp_invalid', `it has more than ${MAX_LISTED} tools`)
  return tools.map(toMcpTool)
}

const Content = z.looseObject({
  type: z.string(),
  text: z.string().optional(),
  mimeType: z.string().optional(),
  data: z.string().optional(),
  uri: z.string().optional(),
  resource: z.looseObject({ uri: z.string(), text: z.string().optional() }).optional(),
})

function readResult(name: string, result: CallToolResult): Json {
  const text = result.content.map((content) => textOf(Content.parse(content))).join('\n')
  if (result.isError === true) throw new McpFailure('mcp_tool_failed', `${name}: ${text}`)
  const { structuredContent } = result
  if (!isJsonObject(structuredContent)) return text
  try {
    measureJson(structuredContent, MAX_RESULT_BYTES, MAX_DEPTH)
  } catch (error) {
    if (error instanceof JsonTooLarge) throw new McpFailure('mcp_invalid', `${name} gives too much`)
    throw error
  }
  return AnyJsonObject.parse(structuredContent)
}

/** Pictures and the like are told, not shown: a model reads them as text. */
function textOf({ type, text, mimeType, data, uri, resource }: z.infer<typeof Content>): string {
  if (text !== undefined) return text
  if (resource !== undefined) return resource.text ?? `[${resource.uri}]`
  if (uri !== undefined) return `[${uri}]`
  return `[${type} ${mimeType ?? ''}, ${data?.length ?? 0} characters of base64]`
}

async function explained<T>(signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (signal?.aborted === true) throw signal.reason
    throw toMcpFailure(error)
  }
}
