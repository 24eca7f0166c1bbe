/** Chats that workflows answer. */
import { runInDurableObject } from 'cloudflare:test'
import { expect } from 'vitest'
import { z } from 'zod'
import type { ChatMessage } from '#core/chat/message'
import { Execution } from '#core/workflow/execution'
import type { Json, JsonObject } from '#lib/json'
import type { Caller } from '#tests/worker/security/people'
import { chain, type NodeSpec } from '#tests/worker/support/graphs'
import { actorOf, type ChatClient, createChat } from './support.ts'

export const END = { timeout: 15_000 }

export const chatTrigger: NodeSpec = { id: 'said', type: 'trigger.chat' }
export const say = (expression: Json): NodeSpec => ({ id: 'say', type: 'transform', config: { expression } })
export const echo = chain([chatTrigger, say("'Você disse: ' + $trigger.message.content")])

/** A published workflow. */
export async function createChatWorkflow(caller: Caller, definition: JsonObject, name = 'Atende'): Promise<string> {
  const made = await caller.call('/api/v1/workflows', { method: 'POST', body: { name, definition } })
  if (made.status !== 201) throw new Error(made.text)
  const { id } = z.object({ id: z.uuid() }).parse(JSON.parse(made.text))
  const published = await caller.call(`/api/v1/workflows/${id}/publish`, { method: 'POST', body: {} })
  if (published.status !== 200) throw new Error(published.text)
  return id
}

/** A chat that a workflow of its own answers. */
export async function createWorkflowChat(caller: Caller, definition: JsonObject) {
  const workflow_id = await createChatWorkflow(caller, definition)
  return { ...(await createChat(caller, { workflow_id })), workflowId: workflow_id }
}

export async function read(caller: Caller, path: string): Promise<unknown> {
  const answer = await caller.call(`/api/v1${path}`)
  if (answer.status !== 200) throw new Error(`${path} answers ${answer.status}: ${answer.text}`)
  return JSON.parse(answer.text)
}

export async function executionOf(caller: Caller, id: string): Promise<Execution> {
  return Execution.parse(await read(caller, `/executions/${id}`))
}

/** Those that PostgreSQL knows of. */
export async function executionsOf(caller: Caller, workflowId: string): Promise<Execution[]> {
  const page = await read(caller, `/executions?workflow_id=${workflowId}`)
  return z.object({ items: z.array(Execution) }).parse(page).items
}

/** The execution that an answer says it comes from. */
export function executionIn({ metadata }: ChatMessage): string {
  return z.object({ execution_id: z.uuid() }).parse(metadata).execution_id
}

/** The turn that is under way, as the chat's actor has it. */
export function turnOf(chat: ChatClient): Promise<unknown> {
  return runInDurableObject(actorOf(chat.id), (_instance, { storage }) => {
    const [row] = storage.sql.exec<{ body: string }>('SELECT body FROM turns ORDER BY ordinal LIMIT 1').toArray()
    return row && JSON.parse(row.body)
  })
}

/** The execution that answers, once the chat leaves it to it. */
export async function untilElsewhere(chat: ChatClient): Promise<string> {
  await expect.poll(() => turnOf(chat), END).toMatchObject({ state: 'elsewhere' })
  const turn = z.object({ workflow: z.object({ executionId: z.uuid() }) }).parse(await turnOf(chat))
  return turn.workflow.executionId
}
