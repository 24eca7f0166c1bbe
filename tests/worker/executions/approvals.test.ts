import { abortAllDurableObjects, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { env, exports } from 'cloudflare:workers'
import { beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { signApprovalLink } from '#auth/approval-links'
import { readConfig } from '#config'
import type { JsonObject } from '#lib/json'
import { newId } from '#lib/ids'
import { call } from '#tests/worker/auth/api'
import { mailsTo } from '#tests/worker/auth/mail'
import { type Account, actorOf, createAccount } from '#tests/worker/support/api'
import { chain, graph, type NodeSpec, setNode, trigger } from '#tests/worker/support/graphs'

let ana: Account
let bia: Account
let me: { readonly id: string; readonly email: string }

beforeAll(async () => {
  ana = await createAccount()
  bia = await createAccount()
  me = z.object({ id: z.string(), email: z.string() }).parse((await ana.call('/auth/me')).body)
})

const address = () => `${newId()}@example.com`
const asking = (config: JsonObject = {}): NodeSpec => ({
  id: 'ok',
  type: 'approval',
  config: { title: 'Pedido {{ $trigger.n }}', message: '<b>200</b>', ...config },
})
const end = setNode('end', { got: '{{ $input }}' })

/** A run that waits for a decision. */
async function ask(config: JsonObject = {}, inputs: JsonObject = { n: 7 }): Promise<string> {
  const definition = graph([trigger, asking(config), end], ['start -> ok', 'ok:approved -> end'])
  const id = await ana.start(definition, inputs)
  await expect.poll(async () => (await ana.execution(id)).status).toBe('waiting')
  return id
}

const decide = (id: string, decision: string, by = ana, ref = 'ok/1') =>
  by.call(`/executions/${id}/approvals/${ref}`, { json: { decision, comment: 'sim' } })

async function linkOf(email: string): Promise<string> {
  await expect.poll(async () => (await mailsTo(email)).length).toBe(1)
  const [mail] = await mailsTo(email)
  return decodeURIComponent(/\/approve#token=(\S+)/.exec(mail?.text ?? '')?.[1] ?? '')
}
const preview = (token: string) => call('/approvals/preview', { json: { token } })
const click = (token: string, decision: string, comment?: string) =>
  call('/approvals/decide', { json: { token, decision, ...(comment === undefined ? {} : { comment }) } })

describe('a member', () => {
  it('decides what nobody is named for; the first decision stands', async () => {
    const id = await ask()
    expect((await ana.execution(id)).waiting_for).toMatchObject([{ kind: 'approval', node_id: 'ok', name: 'Pedido 7' }])
    expect((await ana.call(`/executions/${id}/approvals`)).body).toMatchObject({
      items: [{ execution_id: id, node_id: 'ok', visit: 1, title: 'Pedido 7', approvers: [], may_decide: true }],
    })
    expect((await decide(id, 'maybe')).status).toBe(422)
    expect((await decide(id, 'approved', ana, 'ok/2')).status).toBe(404)
    expect((await decide(id, 'approved', bia)).status).toBe(404)
    const first = await decide(id, 'approved')
    expect(first).toMatchObject({ status: 200, body: { decision: 'approved', by: me.email, comment: 'sim' } })
    expect(await decide(id, 'approved')).toMatchObject({ status: 200, body: first.body })
    expect(await decide(id, 'rejected')).toMatchObject({ status: 409, body: { code: 'already_approved' } })
    await expect.poll(async () => (await ana.execution(id)).output).toMatchObject({ got: { by: me.email } })
    expect((await ana.call(`/executions/${id}/approvals`)).body).toEqual({ items: [] })
  })

  it('who is named decides, by address or id; others do not', async () => {
    const others = await ask({ approvers: [address(), newId()] })
    expect(await decide(others, 'approved')).toMatchObject({ status: 403, body: { code: 'not_approver' } })
    expect((await ana.execution(others)).status).toBe('waiting')
    const byId = await ask({ approvers: [me.id] })
    expect((await decide(byId, 'rejected')).status).toBe(200)
    const byAddress = await ask({ approvers: [me.email.toUpperCase()] })
    expect((await decide(byAddress, 'approved')).status).toBe(200)
  })

  it('is told when the execution has ended', async () => {
    const id = await ask()
    await ana.call(`/executions/${id}/cancel`, { method: 'POST' })
    expect(await decide(id, 'approved')).toMatchObject({ status: 409, body: { code: 'approval_over' } })
  })
})

describe('GET /approvals', () => {
  const list = async (query = '') => (await ana.call(`/approvals${query}`)).body
  const idsIn = async (query = '') =>
    z
      .object({ items: z.array(z.object({ execution_id: z.string() })) })
      .parse(await list(query))
      .items.map((one) => one.execution_id)

  it('shows what waits for the caller, or for anybody, until it is decided', async () => {
    // PostgreSQL's JSON has neither U+0000 nor halves of characters.
    const title = '{{ "a\\u0000\\ud800" }}'
    const mine = await ask({ approvers: [me.email.toUpperCase()], title })
    const others = await ask({ approvers: [address()] })
    await expect.poll(() => idsIn('?scope=all&size=100')).toEqual(expect.arrayContaining([mine, others]))
    expect(await idsIn('?size=100')).toContain(mine)
    expect(await idsIn('?size=100')).not.toContain(others)
    expect((await bia.call('/approvals?scope=all')).body).toMatchObject({ total: 0, items: [] })
    await decide(mine, 'approved')
    await expect.poll(() => idsIn('?size=100')).not.toContain(mine)
  })

  it('shows also what is asked while the run goes on elsewhere', async () => {
    const nodes = [trigger, asking(), { id: 'long', type: 'signal', config: { name: 'x' } }]
    const id = await ana.start(graph(nodes, ['start -> ok', 'start -> long']))
    await expect.poll(() => idsIn('?size=100')).toContain(id)
    await decide(id, 'rejected')
    await expect.poll(() => idsIn('?size=100')).not.toContain(id)
    expect((await ana.execution(id)).status).toBe('waiting')
  })
})

describe('a mailed link (P8)', () => {
  it('shows what is asked, decides once, and then says how it was decided', async () => {
    const email = address()
    const id = await ask({ approvers: [email] })
    const token = await linkOf(email)
    const [mail] = await mailsTo(email)
    // What people wrote is not mailed: anybody may be named.
    expect(mail?.text).not.toContain('200')
    // Programs that look into mails follow links: nothing is decided by that.
    expect((await preview(token)).body).toMatchObject({
      title: 'Pedido 7',
      message: '<b>200</b>',
      approver: email,
      status: 'open',
      decided: null,
    })
    expect((await ana.execution(id)).status).toBe('waiting')
    const clicks = await Promise.all([click(token, 'approved', 'ok'), click(token, 'rejected')])
    expect(clicks.map(({ status }) => status)).toEqual(expect.arrayContaining([200, 409]))
    await abortAllDurableObjects()
    const { decided } = z.object({ decided: z.object({ decision: z.string() }) }).parse((await preview(token)).body)
    const again = await click(token, decided.decision === 'approved' ? 'rejected' : 'approved')
    expect(again).toMatchObject({ status: 409, body: { code: `already_${decided.decision}` } })
    expect((await click(token, decided.decision)).status).toBe(200)
    const visits = await ana.visits(id)
    expect(visits.filter(({ node_id }) => node_id === 'ok')).toHaveLength(1)
    expect(visits[1]?.output).toMatchObject({ decision: decided.decision, by: email })
  })

  it('goes to each approver once, also when the run comes back to life', async () => {
    const email = address()
    const id = await ask({ approvers: [email, email.toUpperCase(), 'nobody'] })
    await linkOf(email)
    await runInDurableObject(actorOf(id), (_, state) => {
      // As if the crash had come between the mail and the outbox's own record.
      state.storage.sql.exec("INSERT INTO outbox (kind) VALUES ('approval_mail')")
    })
    await abortAllDurableObjects()
    await runDurableObjectAlarm(actorOf(id))
    await expect
      .poll(() =>
        runInDurableObject(actorOf(id), (_, state) =>
          state.storage.sql.exec("SELECT 1 FROM outbox WHERE kind = 'approval_mail'").toArray(),
        ),
      )
      .toEqual([])
    expect(await mailsTo(email)).toHaveLength(1)
  })

  it('is good for one approval of one run, and no longer than that waits', async () => {
    const email = address()
    const id = await ask({ approvers: [email], timeout_ms: 60_000 })
    const token = await linkOf(email)
    expect((await preview(`${token.slice(0, -3)}abc`)).body).toMatchObject({ code: 'invalid_token' })
    const config = readConfig(env)
    const link = { approver: email, workspaceId: newId(), executionId: id, nodeId: 'ok', visit: 1 }
    const now = Date.now()
    const forged = await signApprovalLink(config, link, { now, until: now + 60_000 })
    expect((await click(forged, 'approved')).status).toBe(400)
    const old = await signApprovalLink(config, link, { now: now - 60_000, until: now - 1_000 })
    expect((await preview(old)).status).toBe(400)
    expect((await preview(ana.token)).status).toBe(400)
    const claims = z
      .object({ exp: z.number() })
      .parse(JSON.parse(atob((token.split('.')[1] ?? '').replaceAll('-', '+').replaceAll('_', '/'))))
    expect(claims.exp * 1000 - now).toBeLessThanOrEqual(61_000)
    await ana.call(`/executions/${id}/cancel`, { method: 'POST' })
    expect((await preview(token)).body).toMatchObject({ status: 'over', decided: null })
    expect((await click(token, 'approved')).body).toMatchObject({ code: 'approval_over' })
  })

  it('leads to a page', async () => {
    const page = await exports.default.fetch(new Request('http://synapscale.test/approve'))
    expect(page.headers.get('Content-Security-Policy')).toContain("default-src 'none'")
    expect(await page.text()).toContain('value="rejected"')
  })
})

it('an approval that nobody is asked for by mail needs no mail', async () => {
  const id = await ana.start(chain([trigger, asking()]))
  await expect.poll(async () => (await ana.execution(id)).status).toBe('waiting')
  const sent = await runInDurableObject(actorOf(id), (_, state) =>
    state.storage.sql.exec('SELECT key FROM sent_mails').toArray(),
  )
  expect(sent).toEqual([])
})
