/** Who is calling. API keys and executions join the union with the issues that bring them. */
export interface Principal {
  readonly kind: 'user'
  readonly userId: string
  readonly sessionId: string
  /** The installation's role, not the workspace's. */
  readonly role: 'admin' | 'user'
  readonly workspaceId: string
  readonly workspaceRole: WorkspaceRole
  /** Unix milliseconds at which the access token ends, and with it every socket that it opened. */
  readonly expiresAt: number
}

export type WorkspaceRole = 'owner' | 'admin' | 'editor' | 'viewer'
