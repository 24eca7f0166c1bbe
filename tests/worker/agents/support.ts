/** Turns of stored agents, as a chat would run them, without the chat. */
import { env } from 'cloudflare:workers'
import { Agent } from '#core/agent/agent'
import { readConfig } from '#config'
import { foldEvent, NOTHING_YET, type TurnProgress } from '#core/agent/fold'
import { runAgent, type TurnEnd } from '#core/agent/run-agent'
import { AppError } from '#core/errors'
import { connectWithin } from '#db/connect'
import type { Json, JsonObject } from '#lib/json'
import { newId } from '#lib/ids'
import type { AgentFacts } from '#services/agents/agent-facts'
import { bindAgent } from '#services/agents/bind-agent'
import { findAgentSnapshot } from '#services/agents/find-agent-snapshot'
import { openModels } from '#services/llm/open-models'
import { hit } from '#tests/worker/security/hit'
import { createPerson } from '#tests/worker/security/people'
import { scriptModel } from '#tests/worker/support/models'

export interface Turn {
  readonly end: TurnEnd
  readonly progress: TurnProgress
  /** What the tools gave, or were refused with. */
  readonly outputs: readonly Json[]
}

/** An answer that calls tools. */
export const calls = (...inputs: readonly [name: string, input: Json][]) => ({
  kind: 'tools' as const,
  calls: inputs.map(([name, input], index) => ({ id: `call_${index}`, name, input })),
})
export const DONE = { kind: 'text', text: 'pronto' } as const

/** Somebody with agents. */
export async function createOwner() {
  await hit('/')
  const person = await createPerson()
  const { workspaceId, userId } = person

  async function send(method: string, path: string, body: object): Promise<JsonObject> {
    const answer = await person.call(`/api/v1${path}`, { method, body: { ...body } })
    if (answer.status >= 300) throw new Error(`${path} answers ${answer.status}: ${answer.text}`)
    return JSON.parse(answer.text) as JsonObject
  }
  const post = (path: string, body: object) => send('POST', path, body)
  const create = async (body: object) => Agent.parse(await post('/agents', { name: 'Teste', ...body }))

  /** One turn of a stored agent. `key` is what the idempotency keys of its calls begin with. */
  async function turn(agentId: string | null, facts: Partial<AgentFacts> = {}, key = newId()): Promise<Turn> {
    const ctx = { db: connectWithin(env, workspaceId), config: readConfig(env), principal: { workspaceId } }
    const snapshot = await findAgentSnapshot(ctx, agentId)
    const models = openModels(env, workspaceId)
    const all = { workspaceId, userId, startedAt: 1_790_000_000_000, input: {}, hasPerson: true, ...facts }
    const agent = await bindAgent(env, models, snapshot, all)
    const { signal } = new AbortController()
    const ports = { models, signal, progress: () => undefined, idempotencyKey: (id: string) => `${key}/${id}` }
    const running = runAgent(ports, agent, [{ role: 'user', content: [{ type: 'text', text: 'Oi' }] }], NOTHING_YET)
    const outputs: Json[] = []
    let progress = NOTHING_YET
    let next = await running.next()
    while (next.done !== true) {
      const event = next.value
      if (event.type === 'tool_completed') outputs.push(event.output)
      if (event.type === 'tool_failed') outputs.push(event.error)
      progress = foldEvent(progress, event)
      next = await running.next()
    }
    return { end: next.value, progress, outputs }
  }

  /** What each call of one tool gives, in one turn. */
  async function outputsOf(tool: object, name: string, ...inputs: Json[]): Promise<readonly Json[]> {
    const model = await scriptModel(calls(...inputs.map((input): [string, Json] => [name, input])), DONE)
    const { id } = await create({ model: model.reference, tools: [tool] })
    return (await turn(id)).outputs
  }

  const change = (id: string, patch: object) => send('PATCH', `/agents/${id}`, patch)
  return { ...person, post, create, change, turn, outputsOf }
}
export type Owner = Awaited<ReturnType<typeof createOwner>>

/** The refusal that some work ends with. */
export async function refusal(work: Promise<unknown>): Promise<{ code: string; params: object }> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  if (!(error instanceof AppError)) throw new Error(`no refusal but ${String(error)}`)
  return { code: error.code, params: error.params }
}
