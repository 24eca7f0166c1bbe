import { beforeAll, expect, it } from 'vitest'
import { z } from 'zod'
import { Feedback, FeedbackTotals, type MessageFeedback, RatedMessage } from '#core/chat/feedback'
import { hit } from '#tests/worker/security/hit'
import { type Caller, createTeam, type Team } from '#tests/worker/security/people'
import { chatOf, createAgentChat, createChat } from './support.ts'

let team: Team

beforeAll(async () => {
  await hit('/')
  team = await createTeam()
})

/** A chat of this person in the team's workspace, with one answer. */
async function answered(caller: Caller, visibility: 'private' | 'workspace') {
  const chat = await createChat(caller, { visibility })
  const { id: messageId } = await chat.ask('Oi')
  return { id: chat.id, messageId }
}

type Spoken = Awaited<ReturnType<typeof answered>>

function rate(caller: Caller, { id, messageId }: Spoken, body?: { rating: 'up' | 'down'; comment?: string }) {
  const path = `/api/v1/chat/${id}/messages/${messageId}/feedback`
  return caller.call(path, body === undefined ? { method: 'DELETE' } : { method: 'PUT', body })
}

async function shown(caller: Caller, { id, messageId }: Spoken): Promise<MessageFeedback> {
  const answer = await caller.call(`/api/v1/chat/${id}/messages/${messageId}`)
  const { feedback } = RatedMessage.parse(JSON.parse(answer.text))
  const list = await caller.call(`/api/v1/chat/${id}/messages`)
  const { items } = z.object({ items: z.array(RatedMessage) }).parse(JSON.parse(list.text))
  expect(items.map((message) => message.feedback)).toEqual([{ rating: null, comment: null, up: 0, down: 0 }, feedback])
  return feedback
}

async function listed(caller: Caller, query = ''): Promise<z.infer<typeof Feedback>[]> {
  const answer = await caller.call(`/api/v1/feedback?size=100${query}`)
  return z.object({ items: z.array(Feedback) }).parse(JSON.parse(answer.text)).items
}

async function totals(caller: Caller, query = ''): Promise<z.infer<typeof FeedbackTotals>> {
  const answer = await caller.call(`/api/v1/analytics/feedback?${query}`)
  return FeedbackTotals.parse(JSON.parse(answer.text))
}

it('a message shows what its reader thinks of it, and how many think how; who takes it back is not counted', async () => {
  const { editor, admin, viewer } = team.members
  const spoken = await answered(editor, 'workspace')
  await rate(editor, spoken, { rating: 'down', comment: 'Errado' })
  await rate(admin, spoken, { rating: 'up' })
  expect(await shown(editor, spoken)).toEqual({ rating: 'down', comment: 'Errado', up: 1, down: 1 })
  expect(await shown(admin, spoken)).toEqual({ rating: 'up', comment: null, up: 1, down: 1 })
  expect(await shown(viewer, spoken)).toEqual({ rating: null, comment: null, up: 1, down: 1 })
  await rate(editor, spoken, { rating: 'up' })
  expect((await rate(admin, spoken)).status).toBe(204)
  expect((await rate(admin, spoken)).status).toBe(204)
  expect(await shown(viewer, spoken)).toEqual({ rating: null, comment: null, up: 1, down: 0 })
  expect((await rate(viewer, spoken, { rating: 'up' })).status).toBe(403)
  expect((await rate(team.stranger, spoken)).status).toBe(404)
})

it('the list has the ratings of the chats that its reader sees; the totals have numbers of all', async () => {
  const { members, stranger } = await createTeam()
  const { editor, owner } = members
  const [open, secret] = [await answered(editor, 'workspace'), await answered(editor, 'private')]
  await rate(editor, open, { rating: 'up', comment: 'Para todos' })
  await rate(editor, secret, { rating: 'down', comment: 'Segredo' })
  expect((await listed(editor)).map(({ comment }) => comment)).toEqual(['Segredo', 'Para todos'])
  expect((await listed(owner)).map(({ comment }) => comment)).toEqual(['Para todos'])
  expect(await listed(stranger)).toEqual([])
  expect((await rate(owner, secret, { rating: 'up' })).status).toBe(404)
  expect(await totals(owner)).toEqual({
    group_by: 'agent',
    total: { up: 1, down: 1 },
    items: [{ key: null, name: null, up: 1, down: 1 }],
  })
  expect((await totals(stranger)).total).toEqual({ up: 0, down: 0 })
  // What was shared is so no longer.
  await chatOf(editor, open.id).post('/archive')
  await editor.call(`/api/v1/chat/${open.id}`, { method: 'PATCH', body: { visibility: 'private' } })
  expect(await listed(owner)).toEqual([])
})

it('by agent, rating and time', async () => {
  const { editor } = (await createTeam()).members
  const chat = await createAgentChat(editor, { name: 'Vendas' })
  const { id: messageId, agent_id: agentId } = await chat.ask('Oi')
  const other = await answered(editor, 'private')
  await rate(editor, { id: chat.id, messageId }, { rating: 'up' })
  await rate(editor, other, { rating: 'down' })
  expect((await listed(editor, `&agent_id=${agentId}`)).map((row) => row.message_id)).toEqual([messageId])
  expect((await listed(editor, '&rating=down')).map((row) => row.message_id)).toEqual([other.messageId])
  expect(await listed(editor, '&to=2020-01-01T00:00:00Z')).toEqual([])
  expect((await totals(editor)).items).toContainEqual({ key: agentId, name: 'Vendas', up: 1, down: 0 })
  const day = new Date().toISOString().slice(0, 10)
  expect(await totals(editor, 'group_by=day')).toMatchObject({ items: [{ key: day, up: 1, down: 1 }] })
  expect((await totals(editor, 'from=2999-01-01T00:00:00Z')).items).toEqual([])
})
