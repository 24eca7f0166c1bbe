/** Webhooks as the systems that call them do. */
import { createHmac } from 'node:crypto'
import { exports } from 'cloudflare:workers'
import { z } from 'zod'
import { Trigger } from '#core/triggers/trigger'
import { newId } from '#lib/ids'
import type { JsonObject } from '#lib/json'
import type { Account } from '#tests/worker/support/api'
import { chain, type NodeSpec, setNode } from '#tests/worker/support/graphs'

const Started = z.strictObject({ execution_id: z.uuid(), status: z.string() })

export function hookNode(config: JsonObject = {}): NodeSpec {
  return { id: 'hook', type: 'trigger.webhook', config }
}

/** A webhook and a node behind it. */
export function plainHook(config: JsonObject = {}): JsonObject {
  return chain([hookNode(config), setNode('end', { order: '{{ $trigger.body.order_id }}' })])
}

/** The config of one that whoever knows its address may call. */
export function open(config: JsonObject = {}): JsonObject {
  return { auth: 'none', ...config }
}

/** The execution of a 202. */
export async function idOf(response: Response): Promise<string> {
  return Started.parse(await response.json()).execution_id
}

export async function triggersOf(account: Account, workflowId: string): Promise<Trigger[]> {
  const { body } = await account.call(`/workflows/${workflowId}/triggers`)
  return z.object({ items: z.array(Trigger) }).parse(body).items
}

export interface Hook {
  readonly workflowId: string
  readonly url: string
  readonly testUrl: string
  readonly secret: string
}

/** A new workflow with one webhook, published unless told otherwise. */
export async function createHook(account: Account, definition: JsonObject, publish = true): Promise<Hook> {
  const { id } = await account.createWorkflow(definition)
  if (publish) await account.call(`/workflows/${id}/publish`, { json: {} })
  return readHook(account, id)
}

export async function readHook(account: Account, workflowId: string): Promise<Hook> {
  const hook = (await triggersOf(account, workflowId)).find(({ kind }) => kind === 'webhook')
  return { workflowId, url: hook?.url ?? '', testUrl: hook?.test_url ?? '', secret: hook?.secret ?? '' }
}

export interface Sent {
  readonly id?: string
  readonly at?: number
  readonly body?: string
  readonly headers?: Record<string, string>
}

/** The headers of Standard Webhooks for a body. */
export function sign(secret: string, { id = newId(), at = Date.now(), body = '' }: Sent): Record<string, string> {
  const timestamp = String(Math.floor(at / 1000))
  const key = Buffer.from(secret.replace('whsec_', ''), 'base64')
  const signature = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${signature}` }
}

export async function send(url: string, init: RequestInit = {}): Promise<Response> {
  return exports.default.fetch(new Request(url, { method: 'POST', ...init }))
}

/** A signed JSON delivery. */
export function deliver({ url, secret }: Pick<Hook, 'url' | 'secret'>, sent: Sent = {}): Promise<Response> {
  const { body = '{"order_id":7}', headers = {} } = sent
  const all = { 'Content-Type': 'application/json', ...sign(secret, { ...sent, body }), ...headers }
  return send(url, { body, headers: all })
}
