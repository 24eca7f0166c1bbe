/** A budget on the real server, from the first call that is paid for to the first that is refused. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { isSigned } from '#auth/webhook-signature'
import { Budget } from '#core/budgets/budget'
import { type Client, createClient } from '#tests/e2e/support/client'
import { type ScriptedModel, startScriptedModel } from '#tests/support/scripted-model'
import { startServer, type TestServer } from '#tests/support/server'
import { chain, trigger } from '#tests/worker/support/graphs'
import { type HttpServer, startHttpServer } from '#tests/worker/support/http-server'

let http: HttpServer
let model: ScriptedModel
let server: TestServer
let ana: Client
let email: string

beforeAll(async () => {
  http = await startHttpServer()
  // Sixty cents each.
  const usage = { prompt_tokens: 300_000, completion_tokens: 0 }
  model = await startScriptedModel([{ kind: 'text', text: 'pronto', usage }])
  server = await startServer({
    env: {
      OUTBOUND_ALLOW: '127.0.0.1',
      LLM_PROVIDERS: JSON.stringify([{ id: 'scripted', base_url: model.baseUrl }]),
      LLM_MODELS: JSON.stringify([{ id: 'scripted/dear', prices: { input: 2, output: 8 } }]),
    },
  })
  ana = await createClient(server.url)
  email = z.object({ email: z.string() }).parse((await ana.call('/auth/me')).body).email
})

afterAll(async () => {
  await server.remove()
  await http.stop()
  await model.stop()
})

/** Mails to her, of this machine's outbox. */
function mails(): readonly string[] {
  const directory = join(server.dataDir, 'mail')
  return readdirSync(directory)
    .map((name) => readFileSync(join(directory, name), 'utf8'))
    .filter((text) => text.includes(`To: ${email}\n`))
}

/** As she does, by the link of the mail. */
async function confirmAddress(): Promise<void> {
  const link = await vi.waitFor(() => {
    const [found] = mails().flatMap((text) => /https?:\/\/\S+\/verify-email#\S+/.exec(text)?.[0] ?? [])
    return new URL(z.string().parse(found))
  }, 5_000)
  const token = new URLSearchParams(link.hash.slice(1)).get('token')
  expect((await ana.call('/auth/verify-email', { token })).status).toBe(200)
}

const budgetMails = () => mails().filter((text) => text.includes('administrador do workspace pôs o seu endereço'))

test('the limit is reached: the mail and the signed event arrive once, the next call is refused, also after a restart', async () => {
  await confirmAddress()
  const subscription = await ana.call('/event-subscriptions', {
    url: `${http.url}/script/budget`,
    events: ['budget.reached'],
  })
  const { secret } = z.object({ secret: z.string() }).parse(subscription.body)
  const made = await ana.call('/budgets', {
    name: 'Teto do mês',
    limit: 1,
    thresholds: [100],
    hard_stop: true,
    mail_to: [email],
  })
  const budget = Budget.parse(made.body)
  expect(budget.mail_to).toEqual([email])

  const ask = { id: 'ask', type: 'llm', config: { model: 'scripted/dear', prompt: 'hi' } }
  const workflow = await ana.createWorkflow(chain([trigger, ask]))
  const run = async () => (await ana.call(`/workflows/${workflow}/execute?wait=20`, {})).body
  const current = async () => Budget.parse((await ana.call(`/budgets/${budget.id}`)).body).current
  expect(await run()).toMatchObject({ status: 'completed', output: { cost: 0.6 } })
  await expect.poll(async () => (await current()).percent).toBe(60)
  expect(http.requests('budget')).toEqual([])
  expect(await run()).toMatchObject({ status: 'completed' })

  await expect.poll(() => http.requests('budget').length, { timeout: 15_000 }).toBe(1)
  const [sent] = http.requests('budget')
  const headers = new Headers(Object.entries(sent?.headers ?? {}).map(([name, value]) => [name, String(value)]))
  expect(isSigned(secret, { headers, body: Buffer.from(sent?.body ?? '') }, Date.now())).toBe(true)
  expect(JSON.parse(sent?.body ?? '')).toMatchObject({
    type: 'budget.reached',
    data: { budget_id: budget.id, threshold: 100, spent: 1.2, limit: 1, percent: 120, hard_stop: true },
  })
  await expect.poll(() => budgetMails().length, { timeout: 15_000 }).toBe(1)

  const failed = { status: 'failed', error: { code: 'budget_exceeded' } }
  expect(await run()).toMatchObject(failed)
  const refused = await ana.call('/llm/chat', { model: 'scripted/dear', prompt: 'hi' })
  expect(refused).toMatchObject({ status: 409, body: { code: 'budget_exceeded' } })
  expect(z.object({ detail: z.string() }).parse(refused.body).detail).toContain('"Teto do mês"')

  await server.kill()
  await server.restart()
  expect(await run()).toMatchObject(failed)
  expect(await current()).toMatchObject({ spent: 1.2, stopped: true, reached: [{ threshold: 100 }] })
  expect(model.requests).toHaveLength(2)
  expect([http.requests('budget').length, budgetMails().length]).toEqual([1, 1])

  const costs = await ana.call('/analytics/usage?group_by=workflow')
  expect(costs.body).toMatchObject({ items: [{ key: workflow, cost: 1.2, calls: 2 }] })
})
