import { and, eq, type SQL, sql } from 'drizzle-orm'
import type { AnyPgColumn } from 'drizzle-orm/pg-core'
import { AppError } from '#core/errors'
import type { Open, Writing } from '#db/prepared'
import { newId } from '#lib/ids'
import type { Ctx } from '#services/context'

/** What a client sends so that a repeat makes nothing new: `Idempotency-Key`, and what the request says. */
export interface Idempotency {
  readonly key: string
  /** A keyed SHA-256 of method, path and body, in hex. */
  readonly requestHash: string
}

/** Whose keys they are: a person's in a workspace, or a webhook's. */
interface ClaimCtx extends Pick<Ctx, 'db'> {
  readonly principal: Pick<Ctx['principal'], 'workspaceId' | 'userId'>
}

const KEEP_HOURS = 24

/**
 * The id for the thing to be made. With an `Idempotency-Key` every repeat within 24 hours gets the first one's id:
 * whoever makes things by their id, once, is thereby idempotent, also across a crash between the two.
 *
 * @param mintId makes a new id; by default a UUIDv7
 * @throws AppError `idempotency_key_reused` when the same key came with another request
 */
export async function claimId(
  ctx: ClaimCtx,
  idempotency: Idempotency | undefined,
  mintId: () => string = newId,
): Promise<string> {
  const id = mintId()
  if (idempotency === undefined) return id
  const { workspaceId, userId } = ctx.principal
  const [claimed] = await claiming(ctx.db, { ...idempotency, workspaceId, userId, id })
  if (claimed === undefined) throw new Error('the upsert of an idempotency key gave no row')
  if (claimed.requestHash !== idempotency.requestHash) throw new AppError('idempotency_key_reused')
  return claimed.id
}

/** One key, and the id that is to stand under it. */
export interface Claim extends Idempotency {
  readonly workspaceId: string
  readonly userId: string
  readonly id: string
}

/** The same in a statement that is written before it is known. */
type OpenClaim = { readonly [Name in keyof Claim]: Open<Claim[Name]> }

/** The id that stands under the key, if one does: asking writes nothing and waits for nobody. */
export function findingClaimed(
  db: Writing,
  { workspaceId, userId, key }: Pick<OpenClaim, 'workspaceId' | 'userId' | 'key'>,
) {
  const { idempotencyKeys: keys } = db.tables
  return db
    .select({ id: keys.resource_id })
    .from(keys)
    .where(
      and(
        eq(keys.workspace_id, workspaceId),
        eq(keys.user_id, userId),
        eq(keys.key, key),
        sql`${keys.created_at} >= now() - make_interval(hours => ${KEEP_HOURS})`,
      ),
    )
}

/**
 * The statement of `claimId`, which gives the id that stands under the key: another's where it came first.
 *
 * @param from where nothing is claimed when it gives no row: another part of the same statement
 */
export function claiming(db: Writing, claim: OpenClaim, from: SQL = sql`(select 1) as always`) {
  const { idempotencyKeys: keys } = db.tables
  const { workspaceId, userId, key, requestHash, id } = claim
  const expired = sql`${keys.created_at} < now() - make_interval(hours => ${KEEP_HOURS})`
  const fresh = (column: AnyPgColumn, name: string) =>
    sql`case when ${expired} then excluded.${sql.identifier(name)} else ${column} end`
  // In the order of the table's columns.
  const values = sql`${workspaceId}::uuid, ${userId}::uuid, ${key}::text, ${requestHash}::text, ${id}::uuid, now()`
  return (
    db
      .insert(keys)
      .select(sql`select ${values} from ${from}`)
      // One statement: a concurrent repeat waits for this row and reads what stands in it.
      .onConflictDoUpdate({
        target: [keys.workspace_id, keys.user_id, keys.key],
        set: {
          request_hash: fresh(keys.request_hash, 'request_hash'),
          resource_id: fresh(keys.resource_id, 'resource_id'),
          created_at: fresh(keys.created_at, 'created_at'),
        },
      })
      .returning({ id: keys.resource_id, requestHash: keys.request_hash })
  )
}
