import {
  Against,
  ByVersion,
  PublishInput,
  Version,
  VersionDiff,
  VersionFilter,
  VersionWithDefinition,
} from '#core/workflow/version'
import { DuplicateInput, Workflow } from '#core/workflow/workflow'
import { IdempotencyHeader, readIdempotency } from '#http/idempotency'
import { ById, pageOf, Paging } from '#http/paging'
import { createRoutes, route } from '#http/route'
import { diffVersions } from '#services/workflow-versions/diff-versions'
import { findVersion } from '#services/workflow-versions/find-version'
import { listVersions } from '#services/workflow-versions/list-versions'
import { restoreVersion } from '#services/workflow-versions/restore-version'
import { duplicateWorkflow } from '#services/workflows/duplicate-workflow'
import { publishWorkflow } from '#services/workflows/publish-workflow'
import { unpublishWorkflow } from '#services/workflows/unpublish-workflow'

const postPublish = route({
  method: 'post',
  path: '/workflows/{id}/publish',
  tag: 'workflows',
  summary: {
    pt: 'Publicar o rascunho como versão imutável, que webhooks e agendas passam a rodar',
    en: 'Publish the draft as an immutable version, which webhooks and schedules run from then on',
  },
  permission: 'workflows:write',
  params: ById,
  body: PublishInput,
  bodyOptional: true,
  answers: { 200: Workflow },
  errors: ['workflow_invalid', 'workflow_changed'],
})

const postUnpublish = route({
  method: 'post',
  path: '/workflows/{id}/unpublish',
  tag: 'workflows',
  summary: { pt: 'Deixar de publicar; as versões ficam', en: 'Stop publishing; the versions stay' },
  permission: 'workflows:write',
  params: ById,
  answers: { 200: Workflow },
})

const postDuplicate = route({
  method: 'post',
  path: '/workflows/{id}/duplicate',
  tag: 'workflows',
  summary: { pt: 'Copiar o rascunho para um workflow novo', en: 'Copy the draft into a new workflow' },
  permission: 'workflows:write',
  params: ById,
  headers: IdempotencyHeader,
  body: DuplicateInput,
  bodyOptional: true,
  answers: { 201: Workflow },
  errors: ['idempotency_key_reused'],
})

const getVersions = route({
  method: 'get',
  path: '/workflows/{id}/versions',
  tag: 'workflows',
  summary: {
    pt: 'Listar as versões guardadas, da mais nova à mais antiga',
    en: 'List the kept versions, newest first',
  },
  permission: 'workflows:read',
  params: ById,
  query: Paging.extend(VersionFilter.shape),
  answers: { 200: pageOf(Version).meta({ id: 'WorkflowVersionPage' }) },
})

const OneVersion = ById.extend(ByVersion.shape)

const getVersion = route({
  method: 'get',
  path: '/workflows/{id}/versions/{n}',
  tag: 'workflows',
  summary: { pt: 'Ler uma versão com sua definição', en: 'Read a version with its definition' },
  permission: 'workflows:read',
  params: OneVersion,
  answers: { 200: VersionWithDefinition },
})

const getDiff = route({
  method: 'get',
  path: '/workflows/{id}/versions/{n}/diff',
  tag: 'workflows',
  summary: {
    pt: 'Comparar uma versão com outra ou com o rascunho, sempre da mais antiga à mais nova',
    en: 'Compare a version with another or the draft, always from the older to the newer',
  },
  permission: 'workflows:read',
  params: OneVersion,
  query: Against,
  answers: { 200: VersionDiff },
})

const postRestore = route({
  method: 'post',
  path: '/workflows/{id}/versions/{n}/restore',
  tag: 'workflows',
  summary: {
    pt: 'Fazer de uma versão o rascunho, com número novo; o rascunho de agora fica guardado como versão',
    en: 'Make a version the draft, under a new number; the present draft is kept as a version',
  },
  permission: 'workflows:write',
  params: OneVersion,
  answers: { 200: Workflow },
})

/** Versions of workflows: published, compared, brought back. */
export const workflowVersionRoutes = createRoutes()
  .openapi(postPublish, async (c) =>
    c.json(await publishWorkflow(c.var.ctx, c.req.valid('param').id, c.req.valid('json')), 200),
  )
  .openapi(postUnpublish, async (c) => c.json(await unpublishWorkflow(c.var.ctx, c.req.valid('param').id), 200))
  .openapi(postDuplicate, async (c) => {
    const { id } = c.req.valid('param')
    return c.json(await duplicateWorkflow(c.var.ctx, id, c.req.valid('json'), await readIdempotency(c)), 201)
  })
  .openapi(getVersions, async (c) =>
    c.json(await listVersions(c.var.ctx, c.req.valid('param').id, c.req.valid('query')), 200),
  )
  .openapi(getVersion, async (c) => {
    const { id, n } = c.req.valid('param')
    return c.json(await findVersion(c.var.ctx, id, n), 200)
  })
  .openapi(getDiff, async (c) => {
    const { id, n } = c.req.valid('param')
    return c.json(await diffVersions(c.var.ctx, id, n, c.req.valid('query').against), 200)
  })
  .openapi(postRestore, async (c) => {
    const { id, n } = c.req.valid('param')
    return c.json(await restoreVersion(c.var.ctx, id, n), 200)
  })
