import type { AuditCtx } from '#services/audit/audit'
import type { MaintenanceCtx } from './maintenance-ctx.ts'

/** For lines of the audit log about what a sweep has done: nobody asked for it. */
export function systemAudit({ now }: MaintenanceCtx): AuditCtx {
  return { client: { address: undefined, userAgent: undefined }, requestId: 'retention', now }
}
