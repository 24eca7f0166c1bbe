/** A real model provider for tests inside workerd: each test scripts a model of its own, by the model's name. */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { z } from 'zod'
import { readAsked, type ScriptedRequest, sendReply } from '#tests/support/scripted-model'
import { ScriptedReply } from '#tests/support/scripted-model/reply'

const Script = z.object({ replies: z.array(ScriptedReply).min(1) })

/**
 * Beside the three wire formats (`#tests/support/scripted-model`): `PUT /control/{model}` takes `{ replies }`,
 * `GET /control/{model}` gives what came, `POST /control/{model}/release` lets what is held go on, and
 * `GET /control/{model}/gone` answers when a client has left before its answer was whole.
 */
export interface ModelServer {
  readonly url: string
  stop(): Promise<void>
}

class ScriptedModel {
  replies: z.output<typeof Script>['replies'] = []
  readonly requests: ScriptedRequest[] = []
  readonly released = Promise.withResolvers<void>()
  readonly gone = Promise.withResolvers<void>()
}

/** Starts the server on 127.0.0.1. */
export async function startModelServer(): Promise<ModelServer> {
  const models = new Map<string, ScriptedModel>()

  function modelOf(name: string): ScriptedModel {
    const model = models.get(name) ?? new ScriptedModel()
    models.set(name, model)
    return model
  }

  async function control(incoming: IncomingMessage, name: string, what: string): Promise<unknown> {
    const model = modelOf(name)
    if (incoming.method === 'PUT') {
      const text = await new Response(new Blob(await incoming.toArray())).text()
      model.replies = Script.parse(JSON.parse(text)).replies
    }
    if (what === 'release') model.released.resolve()
    if (what === 'gone') await model.gone.promise
    return incoming.method === 'GET' && what === '' ? model.requests : {}
  }

  async function answer(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const [, first, name = '', what = ''] = (incoming.url ?? '/').split('/').map(decodeURIComponent)
    if (first === 'control') {
      const value = await control(incoming, name, what)
      return void response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value))
    }
    const asked = await readAsked(incoming)
    if (asked === undefined) return void response.writeHead(404).end()
    const model = modelOf(asked.request.model)
    const index = model.requests.push(asked.request) - 1
    const reply = model.replies[index] ?? model.replies.at(-1)
    if (reply === undefined) return void response.writeHead(404).end(asked.wire.toError(404, 'no such model'))
    response.on('close', () => response.writableEnded || model.gone.resolve())
    await sendReply(response, reply, asked, model.released.promise)
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
