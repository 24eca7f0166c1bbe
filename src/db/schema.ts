/**
 * The tables, built for a schema's name (`DATABASE_SCHEMA`). drizzle-kit generates `migrations/` from the default one.
 *
 * User documents are `json`, not `jsonb`: it gives back exactly what was stored and takes every JSON text, also the
 * `\u0000` that `jsonb` refuses and that any fetched page may contain.
 */
import { sql } from 'drizzle-orm'
import { boolean, index, integer, json, pgSchema, primaryKey, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core'
import type { Retention } from '#core/workspace/retention'
import type { Definition } from '#core/workflow/graph'
import { createdAt, moment, ownedBy } from './columns.ts'
import { guardTables } from './guard-tables.ts'
import { accessTables } from './access-tables.ts'
import { eventTables } from './event-tables.ts'
import { fileTables } from './file-tables.ts'
import { agentTables } from './agent-tables.ts'
import { analyticsTables } from './analytics-tables.ts'
import { budgetTables } from './budget-tables.ts'
import { chatTables } from './chat-tables.ts'
import { executionTables } from './execution-tables.ts'
import { triggerTables } from './trigger-tables.ts'
import { usageTables } from './usage-tables.ts'

export const DEFAULT_SCHEMA = 'synapscale_db'

function identityTables(schema: ReturnType<typeof pgSchema>) {
  const users = schema.table(
    'users',
    {
      id: uuid().primaryKey(),
      email: text().notNull(),
      username: text(),
      first_name: text().notNull(),
      last_name: text().notNull(),
      avatar_url: text(),
      password_hash: text().notNull(),
      role: text({ enum: ['admin', 'user'] }).notNull(),
      is_active: boolean().notNull().default(true),
      is_verified: boolean().notNull().default(false),
      created_at: createdAt(),
      updated_at: createdAt(),
    },
    (t) => [
      uniqueIndex('users_email_key').on(sql`lower(${t.email})`),
      uniqueIndex('users_username_key').on(sql`lower(${t.username})`),
    ],
  )

  /** A login and all its refreshes: the family that one reused refresh token revokes. */
  const sessions = schema.table(
    'sessions',
    {
      id: uuid().primaryKey(),
      user_id: ownedBy(users),
      user_agent: text(),
      address: text(),
      created_at: createdAt(),
      last_used_at: createdAt(),
      expires_at: moment().notNull(),
      revoked_at: moment(),
      revoked_reason: text({ enum: ['logout', 'logout_all', 'reuse', 'password', 'admin'] }),
    },
    (t) => [index('sessions_user_idx').on(t.user_id)],
  )

  const refreshTokens = schema.table(
    'refresh_tokens',
    {
      /** SHA-256 of the token in hex: the token itself is shown once and never stored. */
      token_hash: text().primaryKey(),
      session_id: ownedBy(sessions),
      created_at: createdAt(),
      expires_at: moment().notNull(),
      used_at: moment(),
    },
    (t) => [index('refresh_tokens_session_idx').on(t.session_id)],
  )
  return { users, sessions, refreshTokens, ...guardTables(schema, users) }
}

function workspaceTables(schema: ReturnType<typeof pgSchema>, users: ReturnType<typeof identityTables>['users']) {
  const workspaces = schema.table(
    'workspaces',
    {
      id: uuid().primaryKey(),
      name: text().notNull(),
      /** Set on the workspace that every user has alone. */
      personal_user_id: uuid().references(() => users.id, { onDelete: 'cascade' }),
      /** Until then the hub wants to hear of executions: they read it with the statement that they write anyway. */
      watched_until: moment(),
      /** What is kept for how long, where that is not the installation's default. */
      retention: json().$type<Retention>(),
      created_at: createdAt(),
      updated_at: createdAt(),
    },
    (t) => [uniqueIndex('workspaces_personal_key').on(t.personal_user_id)],
  )

  const workspaceMembers = schema.table(
    'workspace_members',
    {
      workspace_id: ownedBy(workspaces),
      user_id: ownedBy(users),
      role: text({ enum: ['owner', 'admin', 'editor', 'viewer'] }).notNull(),
      created_at: createdAt(),
    },
    (t) => [primaryKey({ columns: [t.workspace_id, t.user_id] }), index('workspace_members_user_idx').on(t.user_id)],
  )

  const idempotencyKeys = schema.table(
    'idempotency_keys',
    {
      workspace_id: ownedBy(workspaces),
      user_id: uuid().notNull(),
      key: text().notNull(),
      /** A keyed SHA-256 of method, path and body: the same key with another request is an error. */
      request_hash: text().notNull(),
      /** The id of the thing to be made, chosen before it is made, so that a repeat makes the same one or finds it. */
      resource_id: uuid().notNull(),
      created_at: createdAt(),
    },
    (t) => [
      primaryKey({ columns: [t.workspace_id, t.user_id, t.key] }),
      index('idempotency_keys_created_idx').on(t.created_at),
    ],
  )
  return { workspaces, workspaceMembers, idempotencyKeys }
}

function workflowTables(
  schema: ReturnType<typeof pgSchema>,
  workspaces: ReturnType<typeof workspaceTables>['workspaces'],
) {
  const workflows = schema.table(
    'workflows',
    {
      id: uuid().primaryKey(),
      workspace_id: ownedBy(workspaces),
      /** Its name in files and addresses; ours or the owner's, unique in the workspace. */
      slug: text()
        .notNull()
        // For rows from before there were slugs; the migration after makes better ones of the names.
        .default(sql`gen_random_uuid()::text`),
      name: text().notNull(),
      description: text(),
      definition: json().$type<Definition>().notNull(),
      tags: text().array().notNull(),
      category: text(),
      status: text({ enum: ['draft', 'published', 'archived'] }).notNull(),
      /** Counts the saved definitions; an execution names the one that it runs. */
      version: integer().notNull(),
      /** The version that webhooks and schedules run; null while nothing is published. */
      published_version: integer(),
      is_active: boolean().notNull(),
      created_by: uuid(),
      created_at: createdAt(),
      updated_at: createdAt(),
    },
    (t) => [
      index('workflows_list_idx').on(t.workspace_id, t.created_at.desc(), t.id.desc()),
      uniqueIndex('workflows_slug_key').on(t.workspace_id, t.slug),
    ],
  )

  /**
   * Definitions that were executed, published or replaced by another: immutable, so that a run is pinned to what it
   * started with. Those that were ever published have `published_at`.
   */
  const workflowVersions = schema.table(
    'workflow_versions',
    {
      workflow_id: ownedBy(workflows),
      version: integer().notNull(),
      workspace_id: uuid().notNull(),
      definition: json().$type<Definition>().notNull(),
      created_by: uuid(),
      created_at: createdAt(),
      published_at: moment(),
      published_by: uuid(),
      notes: text(),
    },
    (t) => [primaryKey({ columns: [t.workflow_id, t.version] })],
  )
  return { workflows, workflowVersions }
}

function buildTables(name: string) {
  const schema = pgSchema(name)
  const identity = identityTables(schema)
  const workspace = workspaceTables(schema, identity.users)
  const workflow = workflowTables(schema, workspace.workspaces)
  const access = accessTables(schema, identity.users, workspace.workspaces)
  const triggers = triggerTables(schema, workspace.workspaces, workflow.workflows)
  const files = fileTables(schema, workspace.workspaces)
  const agents = agentTables(schema, workspace.workspaces)
  const chat = chatTables(schema, identity.users, workspace.workspaces)
  const usage = usageTables(schema, workspace.workspaces)
  const analytics = analyticsTables(schema, workspace.workspaces)
  return {
    schema,
    ...identity,
    ...workspace,
    ...access,
    ...workflow,
    ...triggers,
    ...files,
    ...eventTables(schema, workspace.workspaces),
    ...agents,
    ...usage,
    ...budgetTables(schema, workspace.workspaces),
    ...analytics,
    ...chat,
    ...executionTables(schema),
  }
}

export type Tables = ReturnType<typeof buildTables>

const built = new Map<string, Tables>()

/** The tables of the schema with this name, built once. */
export function tablesOf(schemaName: string): Tables {
  const tables = built.get(schemaName) ?? buildTables(schemaName)
  built.set(schemaName, tables)
  return tables
}
