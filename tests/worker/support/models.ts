import { inject } from 'vitest'
import { z } from 'zod'
import type { ScriptedReply } from '#tests/support/scripted-model/reply'

const MODEL_URL = inject('modelUrl')

const Requests = z.array(
  z.object({
    path: z.string(),
    headers: z.record(z.string(), z.unknown()),
    body: z.looseObject({ messages: z.array(z.looseObject({ role: z.string(), content: z.unknown() })) }),
  }),
)

/** A model that answers as this test tells it; its price is 2 US dollars a million tokens in, 8 out. */
export interface TestModel {
  /** By OpenAI's wire format: `scripted/…`. */
  readonly reference: string
  readonly anthropic: string
  readonly google: string
  requests(): Promise<z.infer<typeof Requests>>
  /** Lets what is held go on. */
  release(): Promise<void>
  /** Resolves when a client has left before its answer was whole. */
  clientGone(): Promise<void>
}

/** The replies come in order, the last one for ever. */
export async function scriptModel(...replies: readonly [ScriptedReply, ...ScriptedReply[]]): Promise<TestModel> {
  // A name with a date at its end has the price of the one without (vitest.config.ts).
  const digits = Array.from(crypto.getRandomValues(new Uint8Array(8)), (byte) => byte % 10).join('')
  const name = `priced-${digits}`
  const control = async (what: string, init?: RequestInit): Promise<unknown> => {
    const answer = await fetch(`${MODEL_URL}/control/${name}${what}`, init)
    return answer.json()
  }
  await control('', { method: 'PUT', body: JSON.stringify({ replies }) })
  return {
    reference: `scripted/${name}`,
    anthropic: `scripted-anthropic/${name}`,
    google: `scripted-google/${name}`,
    requests: async () => Requests.parse(await control('')),
    release: async () => void (await control('/release', { method: 'POST' })),
    clientGone: async () => void (await control('/gone')),
  }
}
