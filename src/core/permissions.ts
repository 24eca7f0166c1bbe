/**
 * Who may do what: the one table behind every 403, the API keys' scopes, the document and `docs/security.md`.
 */
import type { Principal, WorkspaceRole } from './principal.ts'

/** From the least to the most: each role may do what those before it may. */
export const WORKSPACE_ROLES = ['viewer', 'editor', 'admin', 'owner'] as const satisfies readonly WorkspaceRole[]

/** Permission → the least role in the workspace that has it. */
export const WORKSPACE_PERMISSIONS = {
  'workspace:read': 'viewer',
  'workspace:write': 'admin',
  'workspace:delete': 'owner',
  'workspace:transfer': 'owner',
  'members:read': 'viewer',
  'members:write': 'admin',
  'api_keys:read': 'viewer',
  'api_keys:write': 'viewer',
  // Everybody's in the workspace.
  'api_keys:manage': 'admin',
  'audit:read': 'admin',
  'nodes:read': 'viewer',
  'llm:read': 'viewer',
  // It costs money, as running does.
  'llm:use': 'editor',
  'analytics:read': 'viewer',
  // They say what things cost, as analytics does.
  'budgets:read': 'viewer',
  'budgets:write': 'admin',
  'workflows:read': 'viewer',
  'workflows:write': 'editor',
  'agents:read': 'viewer',
  'agents:write': 'editor',
  'executions:read': 'viewer',
  'executions:run': 'editor',
  'chats:read': 'viewer',
  'chats:write': 'editor',
  'variables:read': 'viewer',
  'variables:write': 'editor',
  // They carry what happens here to whoever is named.
  'events:read': 'admin',
  'events:write': 'admin',
  'files:read': 'viewer',
  'files:write': 'editor',
} as const satisfies Record<string, WorkspaceRole>
export type WorkspacePermission = keyof typeof WORKSPACE_PERMISSIONS

/** What everybody may do with the own account, whatever the workspace says. */
export const ACCOUNT_PERMISSIONS = ['account:read', 'account:write'] as const
export type AccountPermission = (typeof ACCOUNT_PERMISSIONS)[number]

export type Permission = WorkspacePermission | AccountPermission

/** One of these is enough to be let in; the service asks for the one that the request takes. */
export interface AnyOf {
  readonly anyOf: readonly [Permission, Permission, ...Permission[]]
}

export function anyOf(...permissions: AnyOf['anyOf']): AnyOf {
  return { anyOf: permissions }
}

/** What a door asks for: all that are named of it. */
export function permissionsOf(needed: Permission | AnyOf): readonly [Permission, ...Permission[]] {
  return typeof needed === 'string' ? [needed] : needed.anyOf
}

/** What an API key can be given: all but the account's own doors (password, sessions, closing it). */
export const SCOPES = [
  'account:read',
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- Object.keys forgets the type of a literal's keys
  ...(Object.keys(WORKSPACE_PERMISSIONS) as WorkspacePermission[]),
] as const
export type Scope = (typeof SCOPES)[number]

/** Whether a role has a permission. Without a role there is only the own account. */
export function roleHas(role: WorkspaceRole, permission: Permission): boolean {
  if (isAccountPermission(permission)) return true
  return WORKSPACE_ROLES.indexOf(role) >= WORKSPACE_ROLES.indexOf(WORKSPACE_PERMISSIONS[permission])
}

/** Whether the caller's role, and the API key where there is one, allow it. */
export function can(principal: Principal, permission: Permission): boolean {
  const allowed = roleHas(principal.workspaceRole, permission)
  return allowed && (principal.kind === 'user' || hasScope(principal, permission))
}

/** Whether the key was given it; what it may do is also bounded by the role of whom it stands for. */
export function hasScope({ scopes }: { readonly scopes: readonly string[] }, permission: Permission): boolean {
  return scopes.includes(permission)
}

function isAccountPermission(permission: Permission): permission is AccountPermission {
  return permission.startsWith('account:')
}
