/** Invitations: those of a workspace, and what whoever holds a mailed link does with it. */
import { z } from '@hono/zod-openapi'
import { Invitation, InvitationInput, InvitationPreview, InvitationToken } from '#core/workspace/invitation'
import { Workspace } from '#core/workspace/workspace'
import { IdempotencyHeader, readIdempotency } from '#http/idempotency'
import { ById, pageOf, Paging } from '#http/paging'
import { createRoutes, route } from '#http/route'
import { acceptInvitation } from '#services/invitations/accept-invitation'
import { createInvitation } from '#services/invitations/create-invitation'
import { listInvitations } from '#services/invitations/list-invitations'
import { previewInvitation } from '#services/invitations/preview-invitation'
import { revokeInvitation } from '#services/invitations/revoke-invitation'

const ByInvitation = ById.extend({ invitation_id: z.uuid().toLowerCase() })

const getInvitations = route({
  method: 'get',
  path: '/workspaces/{id}/invitations',
  tag: 'workspaces',
  summary: { pt: 'Listar os convites abertos', en: 'List the open invitations' },
  permission: 'members:write',
  params: ById,
  query: Paging,
  answers: { 200: pageOf(Invitation).meta({ id: 'InvitationPage' }) },
})

const postInvitation = route({
  method: 'post',
  path: '/workspaces/{id}/invitations',
  tag: 'workspaces',
  summary: { pt: 'Convidar alguém por e-mail', en: 'Invite somebody by e-mail' },
  description: {
    pt: 'O link vale sete dias e uma vez; um novo convite ao mesmo e-mail toma o lugar do anterior. O convite cai com quem o fez: se perder o direito de convidar, o link deixa de valer.',
    en: 'The link is good for seven days and once; another invitation to the same address takes its place. An invitation falls with who made it: once they may no longer invite, the link is good no more.',
  },
  permission: 'members:write',
  params: ById,
  headers: IdempotencyHeader,
  body: InvitationInput,
  answers: { 201: Invitation },
  errors: [
    'already_member',
    'personal_workspace',
    'too_many_invitations',
    'too_many_attempts',
    'idempotency_key_reused',
    'misconfigured',
  ],
})

const removeInvitation = route({
  method: 'delete',
  path: '/workspaces/{id}/invitations/{invitation_id}',
  tag: 'workspaces',
  summary: { pt: 'Revogar um convite', en: 'Revoke an invitation' },
  permission: 'members:write',
  params: ByInvitation,
  answers: { 204: null },
})

const postPreview = route({
  method: 'post',
  path: '/invitations/preview',
  tag: 'workspaces',
  summary: { pt: 'Ver um convite recebido', en: 'See an invitation received' },
  public: true,
  body: InvitationToken,
  answers: { 200: InvitationPreview },
  errors: ['invalid_token'],
})

const postAccept = route({
  method: 'post',
  path: '/invitations/accept',
  tag: 'workspaces',
  summary: { pt: 'Aceitar um convite recebido', en: 'Accept an invitation received' },
  description: {
    pt: 'O e-mail da conta tem de ser o convidado, e fica confirmado. Quem ainda não tem conta envia o token como `invitation` no cadastro.',
    en: 'The account’s e-mail address must be the one invited, and is confirmed by this. Whoever has no account yet sends the token as `invitation` on registering.',
  },
  permission: 'account:write',
  body: InvitationToken,
  answers: { 200: Workspace },
  errors: ['invalid_token', 'session_required'],
})

export const invitationRoutes = createRoutes()
  .openapi(getInvitations, async (c) => c.json(await listInvitations(c.var.ctx, c.req.valid('query')), 200))
  .openapi(postInvitation, async (c) =>
    c.json(await createInvitation(c.var.ctx, c.req.valid('json'), await readIdempotency(c)), 201),
  )
  .openapi(removeInvitation, async (c) => {
    await revokeInvitation(c.var.ctx, c.req.valid('param').invitation_id)
    return c.body(null, 204)
  })
  .openapi(postPreview, async (c) => c.json(await previewInvitation(c.var.publicCtx, c.req.valid('json')), 200))
  .openapi(postAccept, async (c) => c.json(await acceptInvitation(c.var.ctx, c.req.valid('json')), 200))
