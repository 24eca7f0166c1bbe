import { Feedback, FeedbackFilter, FeedbackTotals, FeedbackTotalsFilter } from '#core/chat/feedback'
import { pageOf, Paging } from '#http/paging'
import { createRoutes, route } from '#http/route'
import { listFeedback } from '#services/chats/list-feedback'
import { sumFeedback } from '#services/chats/sum-feedback'

const getFeedback = route({
  method: 'get',
  path: '/feedback',
  tag: 'chats',
  summary: { pt: 'Listar as avaliações de mensagens', en: 'List the ratings of messages' },
  description: {
    pt: 'Das conversas que você vê: as próprias e as partilhadas com o workspace.',
    en: 'Of the chats that you see: your own and those shared with the workspace.',
  },
  permission: 'chats:read',
  query: Paging.extend(FeedbackFilter.shape),
  answers: { 200: pageOf(Feedback.meta({ id: 'ChatFeedback' })).meta({ id: 'ChatFeedbackPage' }) },
})

const getTotals = route({
  method: 'get',
  path: '/analytics/feedback',
  tag: 'analytics',
  summary: { pt: 'Ler como as respostas são avaliadas', en: 'Read how answers are rated' },
  description: {
    pt: 'Por agente ou dia. Conversas privadas contam só em números.',
    en: 'By agent or day. Private chats count by their numbers alone.',
  },
  permission: 'analytics:read',
  query: FeedbackTotalsFilter,
  answers: { 200: FeedbackTotals.meta({ id: 'ChatFeedbackTotals' }) },
})

/** What people think of the answers. */
export const feedbackRoutes = createRoutes()
  .openapi(getFeedback, async (c) => c.json(await listFeedback(c.var.ctx, c.req.valid('query')), 200))
  .openapi(getTotals, async (c) => c.json(await sumFeedback(c.var.ctx, c.req.valid('query')), 200))
