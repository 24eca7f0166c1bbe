import { describe, expect, test } from 'vitest'
import { can, roleHas, SCOPES, WORKSPACE_PERMISSIONS, WORKSPACE_ROLES } from '#core/permissions'
import type { Principal } from '#core/principal'

const member = { userId: 'u', role: 'user', workspaceId: 'w', expiresAt: 0 } as const
const key = (workspaceRole: Principal['workspaceRole'], ...scopes: string[]): Principal => ({
  ...member,
  kind: 'api_key',
  apiKeyId: 'k',
  workspaceRole,
  scopes,
})

describe('the table', () => {
  test('each role may do all that the ones below it may', () => {
    for (const permission of SCOPES) {
      const allowed = WORKSPACE_ROLES.map((role) => roleHas(role, permission))
      expect(allowed, permission).toEqual(allowed.toSorted((a, b) => Number(a) - Number(b)))
    }
  })

  test('a viewer only reads, but for the own API keys', () => {
    const allowed = Object.keys(WORKSPACE_PERMISSIONS).filter((name) => roleHas('viewer', name as 'workflows:read'))
    expect(allowed.filter((name) => !name.endsWith(':read'))).toEqual(['api_keys:write'])
  })
})

describe('an API key', () => {
  test('may do what it was given', () => {
    expect(can(key('editor', 'workflows:read'), 'workflows:read')).toBe(true)
    expect(can(key('editor', 'workflows:read'), 'workflows:write')).toBe(false)
  })

  test('can no more than the role of whom it stands for', () => {
    expect(can(key('viewer', 'workflows:write'), 'workflows:write')).toBe(false)
  })

  test('never changes the account', () => {
    expect(SCOPES).not.toContain('account:write')
    expect(can(key('owner', ...SCOPES), 'account:write')).toBe(false)
  })
})
