import { and, eq, sql } from 'drizzle-orm'
import { AppError } from '#core/errors'
import type { Workspace, WorkspaceInput } from '#core/workspace/workspace'
import { DatabaseError } from '#db/errors'
import { withLine } from '#services/audit/audit'
import type { Ctx } from '#services/context'
import { claimId, type Idempotency } from '#services/idempotency/claim-id'
import { toWorkspace } from './to-workspace.ts'

const FOREIGN_KEY_VIOLATION = '23503'

/**
 * Makes a team workspace with the caller as its owner.
 *
 * @throws AppError `invalid_credentials` when the account was deleted meanwhile
 */
export async function createWorkspace(ctx: Ctx, input: WorkspaceInput, idempotency?: Idempotency): Promise<Workspace> {
  const id = await claimId(ctx, idempotency)
  // The new workspace is not yet the one of anybody's request.
  const db = ctx.unscopedDb
  const { workspaces, workspaceMembers: members } = db.tables
  const { userId } = ctx.principal
  const at = new Date(ctx.now())
  const creation = db
    .insert(workspaces)
    .values({ ...input, id, personal_user_id: null, created_at: at, updated_at: at })
    .onConflictDoNothing()
    .returning()
  const { name } = input
  const fact = { action: 'workspace.created', resourceId: id, workspaceId: id, details: { name } } as const
  const owner = {
    workspace_id: sql`${id}::uuid`.as('workspace_id'),
    user_id: sql`${userId}::uuid`.as('user_id'),
    role: sql`'owner'::text`.as('role'),
    created_at: sql`${at}::timestamptz`.as('created_at'),
  }
  // Of a repeat that comes after the first owner has left: nobody comes in again this way.
  const isNew = and(eq(workspaces.id, id), eq(workspaces.created_at, at))
  const joining = db
    .insert(members)
    .select((query) => query.select(owner).from(workspaces).where(isNew))
    .onConflictDoNothing()
  const [made] = await db.batch([withLine(ctx, db, creation, fact), joining]).catch((error: unknown) => {
    throw isOwnerGone(error) ? new AppError('invalid_credentials', { cause: error }) : error
  })
  const [row] = made
  return row === undefined ? findOwn(ctx, id) : toWorkspace(row, 'owner')
}

function isOwnerGone(error: unknown): boolean {
  return error instanceof DatabaseError && error.sqlState === FOREIGN_KEY_VIOLATION
}

async function findOwn({ unscopedDb: db, principal }: Ctx, id: string): Promise<Workspace> {
  const { workspaces, workspaceMembers: members } = db.tables
  const [found] = await db
    .select({ row: workspaces, role: members.role })
    .from(workspaces)
    .innerJoin(members, and(eq(members.workspace_id, workspaces.id), eq(members.user_id, principal.userId)))
    .where(eq(workspaces.id, id))
  if (found === undefined) throw new AppError('not_found')
  return toWorkspace(found.row, found.role)
}
