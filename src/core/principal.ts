/** Whoever calls acts in one workspace, with a role there. Executions join the union with the issue that brings them. */
interface Member {
  readonly userId: string
  /** The installation's role, not the workspace's. */
  readonly role: 'admin' | 'user'
  readonly workspaceId: string
  readonly workspaceRole: WorkspaceRole
  /** Unix milliseconds at which the token or key ends, and with it every socket that it opened; infinite for some keys. */
  readonly expiresAt: number
}

/** Somebody who has logged in. */
export interface UserPrincipal extends Member {
  readonly kind: 'user'
  readonly sessionId: string
}

/** A program with a key that somebody made: it acts for that user, in the key's workspace, within the key's scopes. */
export interface ApiKeyPrincipal extends Member {
  readonly kind: 'api_key'
  readonly apiKeyId: string
  readonly scopes: readonly string[]
}

export type Principal = UserPrincipal | ApiKeyPrincipal

const DAY_MS = 24 * 60 * 60 * 1000

/** Under what a socket is opened, and with whose end it ends: the login, or the key. */
export function credentialId(principal: Principal): string {
  return principal.kind === 'user' ? principal.sessionId : principal.apiKeyId
}

/** When a socket that is opened at `now` ends (both Unix milliseconds): a key may live for ever, its sockets a day. */
export function socketEndsAt({ expiresAt }: Pick<Principal, 'expiresAt'>, now: number): number {
  return Math.min(expiresAt, now + DAY_MS)
}

export type WorkspaceRole = 'owner' | 'admin' | 'editor' | 'viewer'
