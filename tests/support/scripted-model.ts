import { once } from 'node:events'
import { type IncomingHttpHeaders, type IncomingMessage, type ServerResponse, createServer } from 'node:http'
import { z } from 'zod'

/** One answer of the scripted provider. */
export type ScriptedReply =
  | {
      readonly kind: 'text'
      readonly text: string
      readonly finishReason?: string
      readonly usage?: ScriptedUsage | null
    }
  /** An HTTP error with OpenAI's error body, or a body of its own. */
  | {
      readonly kind: 'error'
      readonly status: number
      readonly message?: string
      readonly body?: string
      readonly headers?: Readonly<Record<string, string>>
    }
  /** 200 with any body. */
  | { readonly kind: 'raw'; readonly body: string }
  /** Headers and nothing more, until the client goes away. */
  | { readonly kind: 'stall' }
  /** The connection is reset, before the headers or in the body. */
  | { readonly kind: 'cut'; readonly after: 'nothing' | 'half' }

interface ScriptedUsage {
  readonly prompt_tokens: number
  readonly completion_tokens: number
  readonly total_tokens?: number
}

const CompletionBody = z.looseObject({
  model: z.string(),
  messages: z.array(z.looseObject({ role: z.string(), content: z.unknown() })),
  stream: z.boolean().default(false),
})

export interface ScriptedRequest {
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: z.infer<typeof CompletionBody>
}

/** The replies in order, the last one for ever after, or a function of the request and its number from 0. */
export type Script =
  | readonly [ScriptedReply, ...ScriptedReply[]]
  | ((request: ScriptedRequest, index: number) => ScriptedReply)

export interface ScriptedModel {
  /** What goes into OPENAI_BASE_URL or a provider's `base_url`. */
  readonly baseUrl: string
  /** What came in, oldest first. */
  readonly requests: readonly ScriptedRequest[]
  stop(): Promise<void>
}

const DEFAULT_USAGE: ScriptedUsage = { prompt_tokens: 7, completion_tokens: 5, total_tokens: 12 }

/** A provider that speaks OpenAI's chat completions over real HTTP on 127.0.0.1 and answers as told. */
export async function startScriptedModel(script: Script): Promise<ScriptedModel> {
  const requests: ScriptedRequest[] = []
  const server = createServer((incoming, response) => void answer(incoming, response))

  async function answer(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const text = await new Response(new Blob(await incoming.toArray())).text()
    const body = CompletionBody.parse(JSON.parse(text))
    const request = { path: incoming.url ?? '', headers: incoming.headers, body }
    const index = requests.push(request) - 1
    const reply = typeof script === 'function' ? script(request, index) : (script[index] ?? script.at(-1) ?? script[0])
    send(response, reply, request)
  }

  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = z.object({ port: z.number() }).parse(server.address())
  return {
    baseUrl: `http://127.0.0.1:${port}/v1`,
    requests,
    stop: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

function send(response: ServerResponse, reply: ScriptedReply, request: ScriptedRequest): void {
  if (reply.kind === 'text') {
    if (request.body.stream) streamText(response, reply, request)
    else response.setHeader('content-type', 'application/json').end(JSON.stringify(toCompletion(reply, request)))
  } else if (reply.kind === 'error') {
    const message = reply.message ?? `scripted ${reply.status}`
    response.writeHead(reply.status, { 'content-type': 'application/json', ...reply.headers })
    response.end(reply.body ?? JSON.stringify({ error: { message, type: 'scripted', code: null } }))
  } else if (reply.kind === 'raw') {
    response.setHeader('content-type', 'application/json').end(reply.body)
  } else if (reply.kind === 'stall') {
    response.writeHead(200, { 'content-type': 'application/json' }).flushHeaders()
  } else if (reply.after === 'nothing') {
    response.socket?.resetAndDestroy()
  } else {
    response.setHeader('content-type', 'application/json').write('{"id":', () => response.socket?.resetAndDestroy())
  }
}

type TextReply = Extract<ScriptedReply, { kind: 'text' }>

function toCompletion({ text, finishReason = 'stop', usage = DEFAULT_USAGE }: TextReply, { body }: ScriptedRequest) {
  const message = { role: 'assistant', content: text }
  return {
    id: 'chatcmpl-scripted',
    object: 'chat.completion',
    created: 0,
    model: body.model,
    choices: [{ index: 0, message, finish_reason: finishReason }],
    ...(usage === null ? {} : { usage }),
  }
}

/** Word by word as server-sent events, usage in the last one (`stream_options.include_usage`). */
function streamText(response: ServerResponse, reply: TextReply, { body }: ScriptedRequest): void {
  const { text, finishReason = 'stop', usage = DEFAULT_USAGE } = reply
  const base = { id: 'chatcmpl-scripted', object: 'chat.completion.chunk', created: 0, model: body.model }
  const emit = (chunk: object): boolean => response.write(`data: ${JSON.stringify({ ...base, ...chunk })}\n\n`)
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  for (const [content] of text.matchAll(/\s*\S+\s*/g)) {
    emit({ choices: [{ index: 0, delta: { role: 'assistant', content }, finish_reason: null }] })
  }
  emit({ choices: [{ index: 0, delta: {}, finish_reason: finishReason }] })
  if (usage !== null) emit({ choices: [], usage })
  response.end('data: [DONE]\n\n')
}
