import { z } from 'zod'
import { roleHas, type WorkspacePermission } from '#core/permissions'
import type { WorkspaceRole } from '#core/principal'
import { SocketHolder } from '#core/socket'

/** What a socket of each kind shows, as a permission: who loses it loses the socket. */
export const SOCKET_PERMISSIONS = {
  execution: 'executions:read',
  workspace: 'executions:read',
  chat: 'chats:write',
  /** A chat's socket of who may only read in it. */
  chat_reader: 'chats:read',
} as const satisfies Record<string, WorkspacePermission>

export const SOCKET_RESOURCES = [
  'execution',
  'workspace',
  'chat',
  'chat_reader',
] as const satisfies (keyof typeof SOCKET_PERMISSIONS)[]
export type SocketResource = (typeof SOCKET_RESOURCES)[number]

/** One open socket, as the hub of its workspace knows it. */
export const Connection = z.object({
  /** Made by the actor that accepts the socket. */
  id: z.string(),
  resource: z.enum(SOCKET_RESOURCES),
  /** Names the actor that has the socket. */
  resourceId: z.string(),
  holder: SocketHolder,
  /** Unix milliseconds at which the socket ends by itself. */
  expiresAt: z.number(),
})
export type Connection = z.infer<typeof Connection>

/** What PostgreSQL says of a holder now. `scopes` is what an API key was given; a session has them all. */
export interface Standing {
  readonly role: WorkspaceRole | null
  readonly scopes: readonly string[] | null
}

export type Verdict = 'ok' | 'ended' | 'forbidden' | 'too_many'

/**
 * Whether a socket may stay open.
 *
 * @param standing undefined for a session or key that has ended
 */
export function judge(resource: SocketResource, standing: Standing | undefined): Verdict {
  if (standing === undefined) return 'ended'
  const { role, scopes } = standing
  const permission = SOCKET_PERMISSIONS[resource]
  if (role === null || !roleHas(role, permission)) return 'forbidden'
  return scopes === null || scopes.includes(permission) ? 'ok' : 'forbidden'
}
