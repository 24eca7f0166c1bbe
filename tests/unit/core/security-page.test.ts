import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ACCOUNT_PERMISSIONS, type Permission, roleHas, SCOPES, WORKSPACE_ROLES } from '#core/permissions'
import { expect, test } from 'vitest'

const PAGE = readFileSync(join(import.meta.dirname, '../../../docs/security.md'), 'utf8')

/** Account permissions last: `SCOPES` begins with the one that keys can be given. */
const PERMISSIONS: readonly Permission[] = [
  ...SCOPES.filter((scope) => !scope.startsWith('account:')),
  ...ACCOUNT_PERMISSIONS,
]

function rowOf(permission: Permission): string {
  const cells = WORKSPACE_ROLES.map((role) => (roleHas(role, permission) ? ' yes' : ''))
  return `| \`${permission}\` |${cells.join(' |')} |`
}

test('the table of roles in docs/security.md is the one of permissions.ts', () => {
  const rows = PAGE.split('\n').filter((line) => /^\| `\w+:\w+` \|/.test(line))
  expect(PAGE).toContain(`| permission | ${WORKSPACE_ROLES.join(' | ')} |`)
  expect(rows.join('\n')).toBe(PERMISSIONS.map(rowOf).join('\n'))
})
