import { once } from 'node:events'
import { type IncomingHttpHeaders, type IncomingMessage, type ServerResponse, createServer } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { anthropic } from './scripted-model/anthropic.ts'
import { google } from './scripted-model/google.ts'
import { openai, toUsage } from './scripted-model/openai.ts'
import { DEFAULT_USAGE, endOf, ScriptedReply, type ScriptedWire } from './scripted-model/reply.ts'

export type { ScriptedReply } from './scripted-model/reply.ts'

const WIRES = [openai, anthropic, google]

const RequestBody = z.looseObject({
  model: z.string().default(''),
  messages: z.array(z.looseObject({ role: z.string(), content: z.unknown() })).default([]),
  stream: z.boolean().default(true),
})

export interface ScriptedRequest {
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly model: string
  readonly body: z.infer<typeof RequestBody>
}

/** The replies in order, the last one for ever after, or a function of the request and its number from 0. */
export type Script =
  | readonly [ScriptedReply, ...ScriptedReply[]]
  | ((request: ScriptedRequest, index: number) => ScriptedReply)

export interface ScriptedModel {
  /** What goes into OPENAI_BASE_URL, ANTHROPIC_BASE_URL, GOOGLE_BASE_URL or a provider's `base_url`. */
  readonly baseUrl: string
  /** What came in, oldest first. */
  readonly requests: readonly ScriptedRequest[]
  /** Lets what is held go on, now and later. */
  release(): void
  /** Resolves when a client has gone before its answer was whole. */
  readonly clientGone: Promise<void>
  stop(): Promise<void>
}

/**
 * A provider that answers as told, over real HTTP on 127.0.0.1, in the wire format in which it is asked: OpenAI's chat
 * completions, Anthropic's messages or Google's Gemini.
 */
export async function startScriptedModel(script: Script): Promise<ScriptedModel> {
  const requests: ScriptedRequest[] = []
  const released = Promise.withResolvers<void>()
  const gone = Promise.withResolvers<void>()
  const server = createServer((incoming, response) => void answer(incoming, response))

  async function answer(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const asked = await readAsked(incoming)
    if (asked === undefined) return void response.writeHead(404).end()
    const index = requests.push(asked.request) - 1
    const { request } = asked
    const reply = typeof script === 'function' ? script(request, index) : (script[index] ?? script.at(-1) ?? script[0])
    response.on('close', () => response.writableEnded || gone.resolve())
    await sendReply(response, ScriptedReply.parse(reply), asked, released.promise)
  }

  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = z.object({ port: z.number() }).parse(server.address())
  return {
    baseUrl: `http://127.0.0.1:${port}/v1`,
    requests,
    release: () => released.resolve(),
    clientGone: gone.promise,
    stop: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

interface Asked {
  readonly request: ScriptedRequest
  readonly wire: ScriptedWire
}

/** Reads a request to a model; undefined when it is none. */
export async function readAsked(incoming: IncomingMessage): Promise<Asked | undefined> {
  const { url: path = '', headers } = incoming
  const text = await new Response(new Blob(await incoming.toArray())).text()
  const body: unknown = text === '' ? {} : JSON.parse(text)
  for (const wire of WIRES) {
    const model = wire.readModel(path.replace(/\?.*$/, ''), body)
    if (model !== undefined) return { wire, request: { path, headers, model, body: RequestBody.parse(body) } }
  }
  return undefined
}

/** Answers a request as told; what is held goes on with `released`. */
export async function sendReply(
  response: ServerResponse,
  reply: z.output<typeof ScriptedReply>,
  { wire, request }: Asked,
  released: Promise<void>,
): Promise<void> {
  const { model } = request
  if (reply.kind === 'error') {
    const message = reply.message ?? `scripted ${reply.status}`
    response.writeHead(reply.status, { 'content-type': 'application/json', ...reply.headers })
    return void response.end(reply.body ?? wire.toError(reply.status, message))
  }
  if (reply.kind === 'raw') return void response.setHeader('content-type', 'application/json').end(reply.body)
  if (reply.kind === 'cut' && reply.after === 'nothing') return void response.socket?.resetAndDestroy()
  if (!request.body.stream && reply.kind === 'text') {
    return void response.setHeader('content-type', 'application/json').end(toCompletion(reply, model))
  }
  if (reply.kind === 'paced') return sendPaced(response, wire.toEvents(reply, model), reply.everyMs)
  const isWhole = reply.kind === 'text' || reply.kind === 'tools'
  const isEmpty = reply.text === '' && reply.calls.length === 0
  const events = wire.toEvents(isEmpty && !isWhole ? { ...reply, text: 'one two three four five' } : reply, model)
  const count = reply.kind === 'stall' && isEmpty ? 0 : Math.ceil(events.length / 2)
  const first = isWhole ? events : events.slice(0, count)
  response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
  const sent = Promise.withResolvers<void>()
  response.write(first.join('') || '\n', () => sent.resolve())
  if (isWhole) return void response.end()
  await sent.promise
  if (reply.kind === 'cut') return void response.socket?.resetAndDestroy()
  if (reply.kind === 'broken') return void response.end(wire.toErrorEvent(reply.message))
  if (reply.kind !== 'hold') return
  await released
  response.end(events.slice(first.length).join(''))
}

async function sendPaced(response: ServerResponse, events: readonly string[], everyMs: number): Promise<void> {
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  for (const event of events) {
    if (response.destroyed) return
    response.write(event)
    await sleep(everyMs)
  }
  response.end()
}

/** OpenAI's answer in one piece. */
function toCompletion(reply: z.output<typeof ScriptedReply> & { kind: 'text' }, model: string): string {
  const { text: content, usage = DEFAULT_USAGE } = reply
  return JSON.stringify({
    id: 'chatcmpl-scripted',
    object: 'chat.completion',
    created: 0,
    model,
    choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: endOf(reply) }],
    ...(usage === null ? {} : { usage: toUsage(usage) }),
  })
}
