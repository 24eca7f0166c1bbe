import { createSecretBox, SecretUnreadable } from '#auth/secret-box'
import type { Config } from '#config'
import { nodeError, NodeFailure } from '#core/workflow/node-error'
import type { Db } from '#db/connect'
import { isUsableSecret } from './is-usable-secret.ts'

export interface OpenedSecret {
  readonly name: string
  readonly value: string
  readonly hosts: readonly string[]
}

/**
 * The secrets of these names, opened for the node that needs them now.
 *
 * @param db of the workspace alone
 * @throws NodeFailure `secret_missing`, `secret_unreadable`; DatabaseUnavailable
 */
export async function openSecrets(
  db: Db,
  keys: Config['ENCRYPTION_KEY'],
  workspaceId: string,
  names: readonly string[],
): Promise<readonly OpenedSecret[]> {
  const found = await openFoundSecrets(db, keys, workspaceId, names)
  return names.map((name) => {
    const secret = found.find((one) => one.name === name)
    if (secret === undefined) throw new NodeFailure(nodeError('secret_missing', { name }))
    return secret
  })
}

/** The same for those that there are. */
export async function openFoundSecrets(
  db: Db,
  keys: Config['ENCRYPTION_KEY'],
  workspaceId: string,
  names: readonly string[],
): Promise<readonly OpenedSecret[]> {
  const { variables } = db.tables
  const rows = await db
    .select({ id: variables.id, key: variables.key, value: variables.value, hosts: variables.hosts })
    .from(variables)
    .where(isUsableSecret(variables, workspaceId, names))
  const box = createSecretBox(keys)
  return Promise.all(
    rows.map(async ({ id, key: name, hosts, value }) => {
      try {
        return { name, hosts, value: await box.open(value, { workspaceId, variableId: id }) }
      } catch (error) {
        if (error instanceof SecretUnreadable) throw new NodeFailure(nodeError('secret_unreadable', { name }))
        throw error
      }
    }),
  )
}
