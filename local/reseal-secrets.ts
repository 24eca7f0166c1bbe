/**
 * Brings every stored secret under the first encryption key, while the server runs.
 *
 * R1  A secret is changed only from what was read: whoever gave it a new value meanwhile wins.
 * R2  A batch is one transaction over rows that it has locked: a crash leaves it done or not begun, and of two that
 *     run at once each row is done by one.
 * R3  What is under the first key already is not looked at, so that a second run has nothing to do.
 */
import type { Sql } from 'postgres'
import { createSecretBox, type EncryptionKeys, SecretUnreadable } from '#auth/secret-box'

const BATCH = 50

export interface Resealed {
  readonly changed: number
  /** Ids of variables that no key opens. */
  readonly unreadable: readonly string[]
  /** Stored secrets by the version of their key, afterwards. */
  readonly left: ReadonlyMap<string, number>
}

interface Row {
  readonly id: string
  readonly workspace_id: string
  readonly value: string
}

/** @param between called after every batch, with how many secrets have been changed so far */
export async function resealSecrets(
  sql: Sql,
  schema: string,
  keys: EncryptionKeys,
  between: (changed: number) => Promise<void> | void = () => undefined,
): Promise<Resealed> {
  const box = createSecretBox(keys)
  const table = sql`${sql(schema)}.variables`
  const unreadable: string[] = []
  let changed = 0
  for (let after = '00000000-0000-0000-0000-000000000000', more = true; more;) {
    const rows = await sql.begin(async (tx) => {
      const found = await tx<Row[]>`
        select id, workspace_id, value from ${table}
        where is_secret and not starts_with(value, ${`${box.version}.`}) and id > ${after}
        order by id limit ${BATCH} for update`
      for (const row of found) {
        const place = { workspaceId: row.workspace_id, variableId: row.id }
        try {
          const value = await box.seal(await box.open(row.value, place), place)
          // The same secret under another key: nobody has changed it, so `updated_at` stays.
          await tx`update ${table} set value = ${value} where id = ${row.id} and value = ${row.value}`
          changed += 1
        } catch (error) {
          if (!(error instanceof SecretUnreadable)) throw error
          unreadable.push(row.id)
        }
      }
      return found
    })
    after = rows.at(-1)?.id ?? after
    more = rows.length === BATCH
    await between(changed)
  }
  return { changed, unreadable, left: await countVersions(sql, schema) }
}

/** How many stored secrets need which key. */
export async function countVersions(sql: Sql, schema: string): Promise<ReadonlyMap<string, number>> {
  const rows = await sql<{ version: string; count: number }[]>`
    select coalesce(substring(value from '^(v[1-9][0-9]*)\\.'), '?') as version, count(*)::int as count
    from ${sql(schema)}.variables where is_secret group by 1 order by 1`
  return new Map(rows.map(({ version, count }) => [version, count]))
}
