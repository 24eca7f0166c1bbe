import { AuditEntry, AuditFilter } from '#core/audit/audit'
import { pageOf, Paging } from '#http/paging'
import { createRoutes, route } from '#http/route'
import { listAudit } from '#services/audit/list-audit'

const getAudit = route({
  method: 'get',
  path: '/audit',
  tag: 'audit',
  summary: { pt: 'Ler o registro de auditoria, do mais novo ao mais antigo', en: 'Read the audit log, newest first' },
  description: {
    pt: 'O do workspace. `scope=installation` é o das contas e sessões, para administradores da instalação. Nada dele pode ser mudado.',
    en: 'The workspace’s. `scope=installation` is that of accounts and sessions, for administrators of the installation. Nothing in it can be changed.',
  },
  permission: 'audit:read',
  // Strict: a filter that is misspelt would show more than was asked for.
  query: Paging.extend(AuditFilter.shape).strict(),
  answers: { 200: pageOf(AuditEntry).meta({ id: 'AuditPage' }) },
  errors: ['session_required'],
})

/** Who did what, when and from where. */
export const auditRoutes = createRoutes().openapi(getAudit, async (c) =>
  c.json(await listAudit(c.var.ctx, c.req.valid('query')), 200),
)
