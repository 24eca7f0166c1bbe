/** What drizzle-kit reads: the tables under the default name, which `local/migrate.ts` replaces by the configured one. */
import { DEFAULT_SCHEMA, tablesOf } from './schema.ts'

export const {
  schema,
  users,
  sessions,
  refreshTokens,
  oneTimeTokens,
  loginFailures,
  workspaces,
  workspaceMembers,
  idempotencyKeys,
  workspaceInvitations,
  apiKeys,
  auditLog,
  variables,
  workflows,
  workflowVersions,
  workflowTriggers,
  agents,
  agentVersions,
  usageLedger,
  executions,
  executionVisits,
  objectDeletions,
} = tablesOf(DEFAULT_SCHEMA)
