/** What people decide in a run: as members, or with the link that was mailed to them. */
import { z } from '@hono/zod-openapi'
import {
  Approval,
  ApprovalFilter,
  ApprovalPreview,
  ApprovalToken,
  Decision,
  DecisionInput,
  LinkDecisionInput,
} from '#core/workflow/approval'
import { ById, pageOf, Paging } from '#http/paging'
import { createRoutes, route } from '#http/route'
import { decideApproval } from '#services/executions/decide-approval'
import { decideByLink } from '#services/executions/decide-by-link'
import { listApprovals } from '#services/executions/list-approvals'
import { listExecutionApprovals } from '#services/executions/list-execution-approvals'
import { previewApproval } from '#services/executions/preview-approval'

const DECIDED = ['already_approved', 'already_rejected', 'approval_over'] as const

const getApprovals = route({
  method: 'get',
  path: '/approvals',
  tag: 'approvals',
  summary: { pt: 'Listar o que espera por decisão', en: 'List what waits for a decision' },
  permission: 'executions:read',
  query: Paging.extend(ApprovalFilter.shape),
  answers: { 200: pageOf(Approval).meta({ id: 'ApprovalPage' }) },
})

const getExecutionApprovals = route({
  method: 'get',
  path: '/executions/{id}/approvals',
  tag: 'approvals',
  summary: { pt: 'Ler o que espera por decisão numa execução', en: 'Read what waits for a decision in an execution' },
  permission: 'executions:read',
  params: ById,
  answers: { 200: z.object({ items: z.array(Approval) }) },
})

const postDecision = route({
  method: 'post',
  path: '/executions/{id}/approvals/{node_id}/{visit}',
  tag: 'approvals',
  summary: { pt: 'Aprovar ou recusar', en: 'Approve or reject' },
  description: {
    pt: 'Se o nó diz quem decide, só essas pessoas. A primeira decisão vale; a mesma de novo não muda nada.',
    en: 'When the node names who decides, only they. The first decision stands; the same one again changes nothing.',
  },
  permission: 'executions:run',
  params: ById.extend({
    node_id: z.string().min(1).max(1_000),
    visit: z.coerce.number().int().min(1).max(Number.MAX_SAFE_INTEGER),
  }),
  body: DecisionInput,
  answers: { 200: Decision },
  errors: ['not_approver', ...DECIDED],
})

const postPreview = route({
  method: 'post',
  path: '/approvals/preview',
  tag: 'approvals',
  summary: { pt: 'Ver o que um link recebido pergunta', en: 'See what a link received asks' },
  description: { pt: 'Ver não decide nada.', en: 'Seeing it decides nothing.' },
  public: true,
  body: ApprovalToken,
  answers: { 200: ApprovalPreview },
  errors: ['invalid_token'],
})

const postLinkDecision = route({
  method: 'post',
  path: '/approvals/decide',
  tag: 'approvals',
  summary: { pt: 'Aprovar ou recusar com o link recebido', en: 'Approve or reject with the link received' },
  public: true,
  body: LinkDecisionInput,
  answers: { 200: Decision },
  errors: ['invalid_token', 'not_approver', ...DECIDED],
})

export const approvalRoutes = createRoutes()
  .openapi(getApprovals, async (c) => c.json(await listApprovals(c.var.ctx, c.req.valid('query')), 200))
  .openapi(getExecutionApprovals, async (c) =>
    c.json({ items: await listExecutionApprovals(c.var.ctx, c.req.valid('param').id) }, 200),
  )
  .openapi(postDecision, async (c) => {
    const { id, ...ref } = c.req.valid('param')
    return c.json(await decideApproval(c.var.ctx, id, ref, c.req.valid('json')), 200)
  })
  .openapi(postPreview, async (c) => c.json(await previewApproval(c.var.publicCtx, c.req.valid('json')), 200))
  .openapi(postLinkDecision, async (c) => c.json(await decideByLink(c.var.publicCtx, c.req.valid('json')), 200))
