import { env } from 'cloudflare:workers'
import { and, asc, eq } from 'drizzle-orm'
import { expect, test } from 'vitest'
import { Workflow } from '#core/workflow/workflow'
import { connectWithin } from '#db/connect'
import { createAccount } from '#tests/worker/support/api'
import { chain, trigger } from '#tests/worker/support/graphs'

test('every change of a workflow and its versions leaves its line, and nothing else does', async () => {
  const ana = await createAccount()
  const { id, workspace_id, slug } = await ana.createWorkflow(chain([trigger]))
  const post = (path: string, json: object = {}) => ana.call(`/workflows/${id}/${path}`, { json })
  await post('publish', { notes: 'a' })
  await post('publish', { version: 9 })
  await post('versions/1/restore')
  await post('versions/9/restore')
  await post('unpublish')
  await post('unpublish')
  const copy = Workflow.parse((await post('duplicate')).body)
  const file = { synapscale: 1, slug, name: 'Outro', nodes: [] }
  for (const query of ['?dry_run=true', '', '']) await ana.call(`/workflows/import${query}`, { json: file })
  const db = connectWithin(env, workspace_id)
  const { auditLog: log } = db.tables
  const linesOf = (resource: string) =>
    db
      .select({ action: log.action, details: log.details })
      .from(log)
      .where(and(eq(log.workspace_id, workspace_id), eq(log.resource_id, resource)))
      .orderBy(asc(log.created_at), asc(log.id))
  expect(await linesOf(id)).toEqual([
    { action: 'workflow.created', details: { name: 'Teste' } },
    { action: 'workflow.published', details: { version: 1 } },
    { action: 'workflow.restored', details: { version: 1 } },
    { action: 'workflow.unpublished', details: null },
    { action: 'workflow.changed', details: { fields: ['name', 'definition'], imported: true } },
  ])
  expect(await linesOf(copy.id)).toEqual([
    { action: 'workflow.duplicated', details: { name: 'Teste (cópia)', of: id } },
  ])
})
