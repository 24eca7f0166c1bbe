import { z } from 'zod'
import { AnyJsonObject } from '#core/json'

/** Everything that is recorded: the noun that it happened to and what happened. */
export const AUDIT_ACTIONS = [
  'account.registered',
  'account.changed',
  'account.deleted',
  'account.password_changed',
  'account.password_reset',
  'account.email_verified',
  'session.opened',
  'session.revoked',
  'session.all_revoked',
  'workspace.created',
  'workspace.changed',
  'workspace.deleted',
  'workspace.transferred',
  'member.joined',
  'member.role_changed',
  'member.removed',
  'member.left',
  'invitation.created',
  'invitation.revoked',
  'api_key.created',
  'api_key.changed',
  'api_key.revoked',
  'variable.created',
  'variable.changed',
  'variable.deleted',
  'agent.created',
  'agent.changed',
  'agent.deleted',
  'agent.duplicated',
  'agent.restored',
  'agent.activated',
  'agent.deactivated',
  'workflow.created',
  'workflow.changed',
  'workflow.deleted',
  'workflow.published',
  'workflow.unpublished',
  'workflow.restored',
  'workflow.duplicated',
  'trigger.rotated',
  'event_subscription.created',
  'event_subscription.changed',
  'event_subscription.deleted',
  'event_subscription.rotated',
  'event_subscription.tested',
  'event_subscription.replayed',
  'event_subscription.disabled',
  'budget.created',
  'budget.changed',
  'budget.deleted',
  'file.created',
  'file.changed',
  'file.deleted',
  'chat.created',
  'chat.changed',
  'chat.deleted',
] as const
export const AuditAction = z.enum(AUDIT_ACTIONS)
export type AuditAction = z.infer<typeof AuditAction>

/** One line of the log: who did what to which thing, when and from where. */
export const AuditEntry = z
  .object({
    id: z.uuid(),
    action: AuditAction,
    resource_type: z.string(),
    resource_id: z.string().nullable(),
    actor: z.object({
      kind: z.enum(['user', 'api_key', 'system']),
      user_id: z.uuid().nullable(),
      api_key_id: z.uuid().nullable(),
    }),
    address: z.string().nullable().meta({ description: 'Null where it could not be believed.' }),
    user_agent: z.string().nullable(),
    request_id: z.string().nullable(),
    details: AnyJsonObject.nullable(),
    created_at: z.iso.datetime(),
  })
  .meta({ id: 'AuditEntry' })
export type AuditEntry = z.infer<typeof AuditEntry>

/** Whose log is read, and what of it. */
export const AuditFilter = z.object({
  scope: z
    .enum(['workspace', 'installation'])
    .default('workspace')
    .describe('`installation`: accounts, sessions and deleted workspaces, for the installation’s administrators.'),
  action: AuditAction.optional(),
  resource_type: z.string().max(50).optional(),
  resource_id: z.string().max(100).optional(),
  user_id: z.uuid().optional(),
  from: z.iso.datetime({ offset: true }).optional().describe('Done at this time or later.'),
  to: z.iso.datetime({ offset: true }).optional().describe('Done at this time or before.'),
})
export type AuditFilter = z.infer<typeof AuditFilter>
