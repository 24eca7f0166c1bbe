import { env } from 'cloudflare:workers'
import { eq } from 'drizzle-orm'
import { beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { isSigned } from '#auth/webhook-signature'
import { readConfig } from '#config'
import { Subscription } from '#core/events/subscription'
import { newId } from '#lib/ids'
import { sweepEvents } from '#services/maintenance/sweep-events'
import { call } from '#tests/worker/auth/api'
import { upload } from '#tests/worker/files/support'
import { as, type Caller, createPerson } from '#tests/worker/security/people'
import { HTTP_URL, requestsOf } from '#tests/worker/support/api'
import { BASE, db, deliveriesOf, dueNow, fine, post, ring, run, subscribe } from './support.ts'
import { chain, setNode, trigger } from '#tests/worker/support/graphs'

const DAY_MS = 24 * 60 * 60 * 1000
const { auditLog, eventDeliveries, eventSubscriptions } = db.tables

let ana: Caller

beforeAll(async () => {
  await call('/auth/me')
  ana = await createPerson()
})

describe('an event', () => {
  test('of each kind reaches who wants it, signed, and nobody else', async () => {
    const [all, filesOnly, others] = [fine(), fine(), fine()]
    const rui = await createPerson()
    const subscription = await subscribe(ana, all.url, [
      'execution.completed',
      'execution.failed',
      'file.uploaded',
      'chat.message',
    ])
    await subscribe(ana, filesOnly.url, ['file.uploaded'])
    await subscribe(rui, others.url, ['execution.completed', 'file.uploaded'])
    const completed = await run(ana, chain([trigger, setNode('end', { secret: 'not told' })]))
    const failed = await run(
      ana,
      chain([trigger, { id: 'stop', type: 'stop', config: { status: 'failed', message: 'no' } }]),
    )
    const file = await upload(ana, 'olá')
    const chat = z.object({ id: z.string() }).parse((await post(ana, '/api/v1/chat', {})).body)
    await post(ana, `/api/v1/chat/${chat.id}/messages?wait=10`, { content: 'sigilo' })

    const typesOf = async (key: string) =>
      (await requestsOf(key)).map(({ body }) => z.object({ type: z.string() }).parse(JSON.parse(body)).type).toSorted()
    await expect
      .poll(() => typesOf(all.key))
      .toEqual(['chat.message', 'chat.message', 'execution.completed', 'execution.failed', 'file.uploaded'])
    expect(await typesOf(filesOnly.key)).toEqual(['file.uploaded'])
    expect(await typesOf(others.key)).toEqual([])

    const sent = await requestsOf(all.key)
    for (const { headers, body } of sent) {
      const signed = {
        headers: new Headers(Object.entries(headers).map(([name, value]) => [name, String(value)])),
        body: new TextEncoder().encode(body),
      }
      expect(isSigned(subscription.secret ?? '', signed, Date.now())).toBe(true)
      expect(body).not.toMatch(/sigilo|not told/)
    }
    expect(sent.map(({ headers }) => headers['webhook-id'])).toEqual(
      expect.arrayContaining([`execution_${completed}`, `execution_${failed}`, `file_${file.id}`]),
    )
    await expect.poll(async () => (await deliveriesOf(ana, subscription.id, 'status=delivered')).length).toBe(5)
  })

  test('that is refused comes again, with the same id, until it is taken', async () => {
    const key = newId()
    const { id } = await subscribe(ana, `${HTTP_URL}/script/${key}?answers=500,302,204`, ['file.uploaded'])
    const file = await upload(ana, 'de novo')
    for (const [attempts, status, error] of [
      [1, 500, 'http_500'],
      [2, 302, 'http_302'],
    ]) {
      await expect
        .poll(async () => (await deliveriesOf(ana, id))[0])
        .toMatchObject({ attempts, status: 'pending', response_status: status, error, delivered_at: null })
      const failing = Subscription.parse(JSON.parse((await ana.call(`${BASE}/${id}`)).text))
      expect(failing.failing_since).not.toBeNull()
      await dueNow(id)
      await ring(ana)
    }
    await expect
      .poll(async () => (await deliveriesOf(ana, id))[0])
      .toMatchObject({ attempts: 3, status: 'delivered', response_status: 204, error: null, next_attempt_at: null })
    expect((await requestsOf(key)).map(({ headers }) => headers['webhook-id'])).toEqual(
      Array(3).fill(`file_${file.id}`),
    )
    expect(JSON.parse((await ana.call(`${BASE}/${id}`)).text)).toMatchObject({ failing_since: null })
  })

  test('is given up after a day, and can be sent once more by hand', async () => {
    const key = newId()
    const { id } = await subscribe(ana, `${HTTP_URL}/script/${key}?answers=500,500,200`, ['file.uploaded'])
    await upload(ana, 'tarde')
    await expect.poll(async () => (await deliveriesOf(ana, id))[0]).toMatchObject({ attempts: 1 })
    await db
      .update(eventDeliveries)
      .set({ queued_at: new Date(Date.now() - DAY_MS - 1_000) })
      .where(eq(eventDeliveries.subscription_id, id))
    await dueNow(id)
    await ring(ana)
    await expect
      .poll(async () => (await deliveriesOf(ana, id))[0])
      .toMatchObject({ status: 'failed', next_attempt_at: null })
    const [delivery] = await deliveriesOf(ana, id)
    expect((await post(ana, `${BASE}/${id}/deliveries/${delivery?.id}/replay`)).status).toBe(202)
    await expect.poll(async () => (await deliveriesOf(ana, id))[0]).toMatchObject({ status: 'delivered' })
    const ids = (await requestsOf(key)).map(({ headers }) => headers['webhook-id'])
    expect(new Set(ids).size).toBe(1)
  })

  test('whose alarm was lost goes with the sweep', async () => {
    const { key, url } = fine()
    const { id } = await subscribe(ana, url, ['budget.reached'])
    await db.insert(eventDeliveries).values({
      id: newId(),
      workspace_id: ana.workspaceId,
      subscription_id: id,
      event_id: newId(),
      type: 'budget.reached',
      payload: {},
      status: 'pending',
      next_attempt_at: new Date(Date.now() - 10 * 60_000),
    })
    const ctx = { env, config: readConfig(env), db, now: Date.now }
    while (await sweepEvents(ctx));
    await expect.poll(async () => (await requestsOf(key)).length).toBe(1)
  })
})

describe('an address', () => {
  test('that has not answered for three days is turned off, with a note, and can be turned on again', async () => {
    const key = newId()
    const { id } = await subscribe(ana, `${HTTP_URL}/script/${key}?answers=500`, ['file.uploaded'])
    await db
      .update(eventSubscriptions)
      .set({ failing_since: new Date(Date.now() - 4 * DAY_MS) })
      .where(eq(eventSubscriptions.id, id))
    await upload(ana, 'ninguém')
    await expect
      .poll(async () => JSON.parse((await ana.call(`${BASE}/${id}`)).text))
      .toMatchObject({ is_active: false, disabled_reason: 'failing' })
    const lines = await db.select().from(auditLog).where(eq(auditLog.resource_id, id))
    expect(lines.map(({ action }) => action)).toContain('event_subscription.disabled')
    expect(await post(ana, `${BASE}/${id}/test`)).toMatchObject({
      status: 409,
      body: { code: 'subscription_inactive' },
    })
    const on = await ana.call(`${BASE}/${id}`, { method: 'PATCH', body: { is_active: true } })
    expect(JSON.parse(on.text)).toMatchObject({ is_active: true, disabled_reason: null, failing_since: null })
  })

  test('that says 410 is turned off at once', async () => {
    const { id } = await subscribe(ana, `${HTTP_URL}/script/${newId()}?answers=410`, ['budget.reached'])
    expect((await post(ana, `${BASE}/${id}/test`)).status).toBe(202)
    await expect
      .poll(async () => JSON.parse((await ana.call(`${BASE}/${id}`)).text))
      .toMatchObject({ is_active: false, disabled_reason: 'gone' })
  })

  test('that is down is not asked once for each of many events, and holds up no other', async () => {
    const rui = await createPerson()
    const [down, up] = [newId(), fine()]
    await subscribe(rui, `${HTTP_URL}/script/${down}?answers=500`, ['file.uploaded'])
    await subscribe(rui, up.url, ['file.uploaded'])
    for (let index = 0; index < 12; index += 1) await upload(rui, `n${index}`)
    await expect.poll(async () => (await requestsOf(up.key)).length, { timeout: 15_000 }).toBe(12)
    expect((await requestsOf(down)).length).toBeLessThan(12)
  })

  test.each([
    'http://169.254.169.254/latest',
    'http://[::1]:5432/',
    'http://10.0.0.1/',
    'http://localhost:8000/metrics',
    'http://2130706434/',
    'http://user:pass@example.com/',
    'ftp://example.com/',
    'nonsense',
  ])('%s is refused when it is named, and when it is changed', async (url) => {
    const made = await post(ana, BASE, { url, events: ['file.uploaded'] })
    expect(made).toMatchObject({ status: 422, body: { errors: [{ pointer: '/url' }] } })
    const { id } = await subscribe(ana, fine().url, ['budget.reached'])
    expect((await ana.call(`${BASE}/${id}`, { method: 'PATCH', body: { url } })).status).toBe(422)
    await ana.call(`${BASE}/${id}`, { method: 'DELETE' })
  })

  test('that came into the table another way is refused by the gate', async () => {
    const { id } = await subscribe(ana, fine().url, ['budget.reached'])
    await db.update(eventSubscriptions).set({ url: 'http://169.254.169.254/' }).where(eq(eventSubscriptions.id, id))
    await post(ana, `${BASE}/${id}/test`)
    await expect
      .poll(async () => (await deliveriesOf(ana, id))[0])
      .toMatchObject({ response_status: null, error: 'outbound_not_allowed' })
  })
})

describe('a subscription', () => {
  test('shows its secret once, and signs with both for a while after a rotation', async () => {
    const { key, url } = fine()
    const made = await subscribe(ana, url, ['budget.reached'])
    expect(made.secret).toMatch(/^whsec_/)
    for (const path of [BASE, `${BASE}/${made.id}`]) expect((await ana.call(path)).text).not.toContain('whsec_')
    const { secret } = z.object({ secret: z.string() }).parse((await post(ana, `${BASE}/${made.id}/rotate`)).body)
    expect(secret).not.toBe(made.secret)
    await post(ana, `${BASE}/${made.id}/test`)
    await expect.poll(async () => (await requestsOf(key)).length).toBe(1)
    const [sent] = await requestsOf(key)
    const headers = new Headers(Object.entries(sent?.headers ?? {}).map(([name, value]) => [name, String(value)]))
    const signed = { headers, body: new TextEncoder().encode(sent?.body) }
    for (const one of [secret, made.secret ?? '']) expect(isSigned(one, signed, Date.now())).toBe(true)
  })

  test('made twice with one Idempotency-Key is one', async () => {
    const request = {
      method: 'POST',
      body: { url: fine().url, events: ['budget.reached'] },
      headers: { 'Idempotency-Key': newId() },
    }
    const [first, second] = [await ana.call(BASE, request), await ana.call(BASE, request)]
    expect(JSON.parse(second.text).id).toBe(JSON.parse(first.text).id)
    expect(second.text).not.toContain('whsec_')
  })

  test('is the administrators’, and unknown to other workspaces', async () => {
    const { id } = await subscribe(ana, fine().url, ['budget.reached'])
    const editor = await createPerson({ workspaceId: ana.workspaceId, role: 'editor' })
    expect((await editor.call(BASE)).status).toBe(403)
    expect((await post(editor, BASE, { url: fine().url, events: ['budget.reached'] })).status).toBe(403)
    const rui = await createPerson()
    expect((await rui.call(`${BASE}/${id}`)).status).toBe(404)
    expect((await as(rui, { workspaceId: ana.workspaceId }).call(`${BASE}/${id}`)).status).toBe(404)
    expect((await post(rui, `${BASE}/${id}/test`)).status).toBe(404)
  })

  test.each([
    [{ events: [] }],
    [{ events: ['user.deleted'] }],
    [{ secret: 'x' }],
    [{ url: `https://e.com/${'x'.repeat(2_048)}` }],
  ])('refuses %j', async (change) => {
    expect((await post(ana, BASE, { url: fine().url, events: ['file.uploaded'], ...change })).status).toBe(422)
  })

  test('beyond the hundredth is refused', async () => {
    const rui = await createPerson()
    const row = { workspace_id: rui.workspaceId, url: fine().url, events: ['budget.reached' as const], is_active: true }
    await db.insert(eventSubscriptions).values(Array.from({ length: 100 }, () => ({ ...row, id: newId() })))
    expect(await post(rui, BASE, { url: fine().url, events: ['budget.reached'] })).toMatchObject({
      status: 409,
      body: { code: 'too_many_subscriptions' },
    })
  })
})
