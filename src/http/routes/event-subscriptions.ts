/** Events out: addresses that are told what happens in a workspace. What comes in are hooks: `hooks.ts`. */
import { z } from 'zod'
import { Delivery, DeliveryFilter } from '#core/events/delivery'
import {
  NewSubscription,
  Subscription,
  SubscriptionInput,
  SubscriptionPatch,
  SubscriptionSecret,
} from '#core/events/subscription'
import { IdempotencyHeader, readIdempotency } from '#http/idempotency'
import { ById, pageOf, Paging } from '#http/paging'
import { createRoutes, route } from '#http/route'
import { createSubscription } from '#services/events/create-subscription'
import { deleteSubscription } from '#services/events/delete-subscription'
import { findSubscription } from '#services/events/find-subscription'
import { listDeliveries } from '#services/events/list-deliveries'
import { listSubscriptions } from '#services/events/list-subscriptions'
import { replayDelivery } from '#services/events/replay-delivery'
import { rotateSecret } from '#services/events/rotate-secret'
import { testSubscription } from '#services/events/test-subscription'
import { updateSubscription } from '#services/events/update-subscription'

const tag = 'events'
const one = { path: '/event-subscriptions/{id}', tag, params: ById } as const

const getSubscriptions = route({
  method: 'get',
  path: '/event-subscriptions',
  tag,
  summary: { pt: 'Listar quem é avisado dos eventos', en: 'List who is told of events' },
  permission: 'events:read',
  query: Paging,
  answers: { 200: pageOf(Subscription).meta({ id: 'EventSubscriptionPage' }) },
})

const postSubscription = route({
  method: 'post',
  path: '/event-subscriptions',
  tag,
  summary: { pt: 'Avisar um endereço dos eventos', en: 'Tell an address of events' },
  description: {
    pt: 'O segredo aparece só nesta resposta. Cada aviso é um POST assinado (Standard Webhooks) que diz o que aconteceu e com o quê; o conteúdo se lê pela API.',
    en: 'The secret appears in this answer alone. Each notice is a signed POST (Standard Webhooks) that says what happened and to what; the content is read over the API.',
  },
  permission: 'events:write',
  headers: IdempotencyHeader,
  body: SubscriptionInput,
  answers: { 201: NewSubscription },
  errors: ['too_many_subscriptions', 'idempotency_key_reused'],
})

const getSubscription = route({
  ...one,
  method: 'get',
  summary: { pt: 'Ler uma assinatura de eventos', en: 'Read a subscription' },
  permission: 'events:read',
  answers: { 200: Subscription },
})

const changes = {
  ...one,
  summary: { pt: 'Mudar, ligar ou desligar uma assinatura de eventos', en: 'Change a subscription, turn it on or off' },
  permission: 'events:write',
  body: SubscriptionPatch,
  answers: { 200: Subscription },
} as const
const patchSubscription = route({ method: 'patch', ...changes })
const putSubscription = route({ method: 'put', ...changes })

const removeSubscription = route({
  ...one,
  method: 'delete',
  summary: { pt: 'Apagar uma assinatura de eventos', en: 'Delete a subscription' },
  permission: 'events:write',
  answers: { 204: null },
})

const postRotate = route({
  method: 'post',
  path: '/event-subscriptions/{id}/rotate',
  tag,
  summary: { pt: 'Trocar o segredo', en: 'Make a new secret' },
  description: { pt: 'Por um dia o anterior também assina.', en: 'For a day the former one signs too.' },
  permission: 'events:write',
  params: ById,
  answers: { 200: SubscriptionSecret },
})

const postTest = route({
  method: 'post',
  path: '/event-subscriptions/{id}/test',
  tag,
  summary: { pt: 'Enviar um evento de teste', en: 'Send a test event' },
  permission: 'events:write',
  params: ById,
  answers: { 202: Delivery },
  errors: ['subscription_inactive'],
})

const getDeliveries = route({
  method: 'get',
  path: '/event-subscriptions/{id}/deliveries',
  tag,
  summary: { pt: 'Ver o que foi e será enviado', en: 'See what was sent and will be' },
  permission: 'events:read',
  params: ById,
  query: Paging.extend(DeliveryFilter.shape),
  answers: { 200: pageOf(Delivery).meta({ id: 'EventDeliveryPage' }) },
})

const postReplay = route({
  method: 'post',
  path: '/event-subscriptions/{id}/deliveries/{delivery_id}/replay',
  tag,
  summary: { pt: 'Enviar de novo', en: 'Send once more' },
  permission: 'events:write',
  params: ById.extend({ delivery_id: z.uuid().toLowerCase() }),
  answers: { 202: Delivery },
})

export const eventSubscriptionRoutes = createRoutes()
  .openapi(getSubscriptions, async (c) => c.json(await listSubscriptions(c.var.ctx, c.req.valid('query')), 200))
  .openapi(postSubscription, async (c) =>
    c.json(await createSubscription(c.var.ctx, c.req.valid('json'), await readIdempotency(c)), 201),
  )
  .openapi(getSubscription, async (c) => c.json(await findSubscription(c.var.ctx, c.req.valid('param').id), 200))
  .openapi(patchSubscription, async (c) =>
    c.json(await updateSubscription(c.var.ctx, c.req.valid('param').id, c.req.valid('json')), 200),
  )
  .openapi(putSubscription, async (c) =>
    c.json(await updateSubscription(c.var.ctx, c.req.valid('param').id, c.req.valid('json')), 200),
  )
  .openapi(removeSubscription, async (c) => {
    await deleteSubscription(c.var.ctx, c.req.valid('param').id)
    return c.body(null, 204)
  })
  .openapi(postRotate, async (c) => c.json(await rotateSecret(c.var.ctx, c.req.valid('param').id), 200))
  .openapi(postTest, async (c) => c.json(await testSubscription(c.var.ctx, c.req.valid('param').id), 202))
  .openapi(getDeliveries, async (c) =>
    c.json(await listDeliveries(c.var.ctx, c.req.valid('param').id, c.req.valid('query')), 200),
  )
  .openapi(postReplay, async (c) => {
    const { id, delivery_id } = c.req.valid('param')
    return c.json(await replayDelivery(c.var.ctx, id, delivery_id), 202)
  })
