/**
 * Workspaces. Everything below `/workspaces/{id}` happens in the one that the path names, with the caller's role there:
 * `route.ts` sees to it.
 */
import { Workspace, WorkspaceFilter, WorkspaceInput, WorkspacePatch } from '#core/workspace/workspace'
import { IdempotencyHeader, readIdempotency } from '#http/idempotency'
import { ById, pageOf, Paging } from '#http/paging'
import { createRoutes, route } from '#http/route'
import { createWorkspace } from '#services/workspaces/create-workspace'
import { deleteWorkspace } from '#services/workspaces/delete-workspace'
import { findWorkspace } from '#services/workspaces/find-workspace'
import { listWorkspaces } from '#services/workspaces/list-workspaces'
import { updateWorkspace } from '#services/workspaces/update-workspace'
import { invitationRoutes } from './invitations.ts'
import { memberRoutes } from './members.ts'

const getWorkspaces = route({
  method: 'get',
  path: '/workspaces',
  tag: 'workspaces',
  summary: {
    pt: 'Listar os próprios workspaces e o papel em cada um',
    en: 'List your workspaces and your role in each',
  },
  permission: 'workspace:read',
  query: Paging.extend(WorkspaceFilter.shape),
  answers: { 200: pageOf(Workspace).meta({ id: 'WorkspacePage' }) },
})

const postWorkspace = route({
  method: 'post',
  path: '/workspaces',
  tag: 'workspaces',
  summary: { pt: 'Criar um workspace de equipe', en: 'Create a team workspace' },
  permission: 'account:write',
  headers: IdempotencyHeader,
  body: WorkspaceInput,
  answers: { 201: Workspace },
  errors: ['idempotency_key_reused', 'session_required'],
})

const getWorkspace = route({
  method: 'get',
  path: '/workspaces/{id}',
  tag: 'workspaces',
  summary: { pt: 'Ler um workspace', en: 'Read a workspace' },
  permission: 'workspace:read',
  params: ById,
  answers: { 200: Workspace },
})

const changes = {
  path: '/workspaces/{id}',
  tag: 'workspaces',
  summary: {
    pt: 'Renomear um workspace, ou mudar por quanto tempo guarda',
    en: 'Rename a workspace, or change how long it keeps things',
  },
  description: {
    pt: 'Só os donos mudam por quanto tempo se guarda.',
    en: 'Only owners change how long things are kept.',
  },
  permission: 'workspace:write',
  params: ById,
  body: WorkspacePatch,
  answers: { 200: Workspace },
} as const
const patchWorkspace = route({ method: 'patch', ...changes })
const putWorkspace = route({ method: 'put', ...changes })

const removeWorkspace = route({
  method: 'delete',
  path: '/workspaces/{id}',
  tag: 'workspaces',
  summary: { pt: 'Apagar um workspace com tudo o que há nele', en: 'Delete a workspace with all that is in it' },
  description: {
    pt: 'Cancela as execuções que rodam nele. O pessoal fica com a conta.',
    en: 'Cancels the executions that run in it. The personal one stays with the account.',
  },
  permission: 'workspace:delete',
  params: ById,
  answers: { 204: null },
  errors: ['personal_workspace'],
})

export const workspaceRoutes = createRoutes()
  .openapi(getWorkspaces, async (c) => c.json(await listWorkspaces(c.var.ctx, c.req.valid('query')), 200))
  .openapi(postWorkspace, async (c) =>
    c.json(await createWorkspace(c.var.ctx, c.req.valid('json'), await readIdempotency(c)), 201),
  )
  .openapi(getWorkspace, async (c) => c.json(await findWorkspace(c.var.ctx), 200))
  .openapi(patchWorkspace, async (c) => c.json(await updateWorkspace(c.var.ctx, c.req.valid('json')), 200))
  .openapi(putWorkspace, async (c) => c.json(await updateWorkspace(c.var.ctx, c.req.valid('json')), 200))
  .openapi(removeWorkspace, async (c) => {
    await deleteWorkspace(c.var.ctx)
    return c.body(null, 204)
  })
  .route('/', memberRoutes)
  .route('/', invitationRoutes)
