/** Who is in a workspace, and as what. */
import { z } from '@hono/zod-openapi'
import { Member, MemberFilter, MemberPatch, TransferInput } from '#core/workspace/member'
import { ById, pageOf, Paging } from '#http/paging'
import { createRoutes, route } from '#http/route'
import { changeRole } from '#services/members/change-role'
import { listMembers } from '#services/members/list-members'
import { removeMember } from '#services/members/remove-member'
import { transferOwnership } from '#services/members/transfer-ownership'

const ByMember = ById.extend({ user_id: z.uuid().toLowerCase() })

const getMembers = route({
  method: 'get',
  path: '/workspaces/{id}/members',
  tag: 'workspaces',
  summary: { pt: 'Listar os membros de um workspace', en: 'List the members of a workspace' },
  permission: 'members:read',
  params: ById,
  query: Paging.extend(MemberFilter.shape),
  answers: { 200: pageOf(Member).meta({ id: 'MemberPage' }) },
})

const changes = {
  path: '/workspaces/{id}/members/{user_id}',
  tag: 'workspaces',
  summary: { pt: 'Mudar o papel de um membro', en: 'Change a member’s role' },
  description: {
    pt: 'Só proprietários mexem com proprietários, e um sempre fica.',
    en: 'Only owners change or make owners, and one always stays.',
  },
  permission: 'members:write',
  params: ByMember,
  body: MemberPatch,
  answers: { 200: Member },
  errors: ['last_owner'],
} as const
const patchMember = route({ method: 'patch', ...changes })
const putMember = route({ method: 'put', ...changes })

const removeOne = route({
  method: 'delete',
  path: '/workspaces/{id}/members/{user_id}',
  tag: 'workspaces',
  summary: { pt: 'Retirar um membro, ou sair', en: 'Remove a member, or leave' },
  description: {
    pt: 'Sair, com o próprio id, cabe a todos os papéis; retirar outra pessoa pede `members:write`. As chaves de API que agiam por ela ali acabam.',
    en: 'Leaving, by your own id, is for every role; removing somebody else takes `members:write`. The API keys that acted for them there end.',
  },
  permission: 'members:read',
  params: ByMember,
  answers: { 204: null },
  errors: ['last_owner', 'session_required'],
})

const postTransfer = route({
  method: 'post',
  path: '/workspaces/{id}/transfer',
  tag: 'workspaces',
  summary: { pt: 'Passar a propriedade a outro membro', en: 'Hand the ownership over to another member' },
  description: {
    pt: 'Quem passa fica como administrador. A resposta é o novo proprietário.',
    en: 'Whoever hands it over stays as an administrator. The answer is the new owner.',
  },
  permission: 'workspace:transfer',
  params: ById,
  body: TransferInput,
  answers: { 200: Member },
})

export const memberRoutes = createRoutes()
  .openapi(getMembers, async (c) => c.json(await listMembers(c.var.ctx, c.req.valid('query')), 200))
  .openapi(patchMember, async (c) =>
    c.json(await changeRole(c.var.ctx, c.req.valid('param').user_id, c.req.valid('json')), 200),
  )
  .openapi(putMember, async (c) =>
    c.json(await changeRole(c.var.ctx, c.req.valid('param').user_id, c.req.valid('json')), 200),
  )
  .openapi(removeOne, async (c) => {
    await removeMember(c.var.ctx, c.req.valid('param').user_id)
    return c.body(null, 204)
  })
  .openapi(postTransfer, async (c) => c.json(await transferOwnership(c.var.ctx, c.req.valid('json')), 200))
