import { sql } from 'drizzle-orm'
import { boolean, index, json, text, uniqueIndex, uuid, type pgSchema } from 'drizzle-orm/pg-core'
import type { JsonObject } from '#lib/json'
import { createdAt, moment, ownedBy, type Owner } from './columns.ts'

/** Who may come into a workspace, by which keys, what they did there, and what only it may know. */
export function accessTables(schema: ReturnType<typeof pgSchema>, users: Owner, workspaces: Owner) {
  const workspaceInvitations = schema.table(
    'workspace_invitations',
    {
      id: uuid().primaryKey(),
      workspace_id: ownedBy(workspaces),
      email: text().notNull(),
      role: text({ enum: ['admin', 'editor', 'viewer'] }).notNull(),
      /** SHA-256 of the mailed token in hex. */
      token_hash: text().notNull(),
      invited_by: uuid(),
      created_at: createdAt(),
      expires_at: moment().notNull(),
      accepted_at: moment(),
    },
    (t) => [
      uniqueIndex('workspace_invitations_hash_key').on(t.token_hash),
      /** One open invitation an address: a second one takes its place. */
      uniqueIndex('workspace_invitations_open_key')
        .on(t.workspace_id, sql`lower(${t.email})`)
        .where(sql`${t.accepted_at} is null`),
    ],
  )

  const apiKeys = schema.table(
    'api_keys',
    {
      id: uuid().primaryKey(),
      workspace_id: ownedBy(workspaces),
      /** For whom it acts: it ends with the account and can no more than its role. */
      user_id: ownedBy(users),
      name: text().notNull(),
      /** The first characters, by which people tell their keys apart. */
      prefix: text().notNull(),
      /** SHA-256 of the key in hex: the key itself is shown once and never stored. */
      key_hash: text().notNull(),
      scopes: text().array().notNull(),
      created_at: createdAt(),
      expires_at: moment(),
      last_used_at: moment(),
    },
    (t) => [
      uniqueIndex('api_keys_hash_key').on(t.key_hash),
      index('api_keys_list_idx').on(t.workspace_id, t.created_at.desc(), t.id.desc()),
    ],
  )

  /** Append-only: a trigger refuses changes. No foreign keys, since it outlives what it tells of. */
  const auditLog = schema.table(
    'audit_log',
    {
      id: uuid().primaryKey(),
      /** Null for what happened to an account or the installation. */
      workspace_id: uuid(),
      actor_kind: text({ enum: ['user', 'api_key', 'system'] }).notNull(),
      user_id: uuid(),
      api_key_id: uuid(),
      action: text().notNull(),
      resource_type: text().notNull(),
      resource_id: text(),
      address: text(),
      user_agent: text(),
      request_id: text(),
      details: json().$type<JsonObject>(),
      created_at: createdAt(),
    },
    (t) => [
      index('audit_log_list_idx').on(t.workspace_id, t.created_at.desc(), t.id.desc()),
      index('audit_log_age_idx').on(t.created_at),
    ],
  )

  const variables = schema.table(
    'variables',
    {
      id: uuid().primaryKey(),
      workspace_id: ownedBy(workspaces),
      key: text().notNull(),
      is_secret: boolean().notNull(),
      /** The value of a plain variable; of a secret the ciphertext, with the version of its key. */
      value: text().notNull(),
      /** Hosts that a secret may be sent to; empty for any. */
      hosts: text().array().notNull(),
      description: text(),
      category: text(),
      is_active: boolean().notNull(),
      created_by: uuid(),
      created_at: createdAt(),
      updated_at: createdAt(),
    },
    (t) => [uniqueIndex('variables_key_key').on(t.workspace_id, t.key)],
  )
  return { workspaceInvitations, apiKeys, auditLog, variables }
}
