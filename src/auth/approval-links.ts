/**
 * Links to one approval, for one of its approvers: signed, bound to execution, node and visit, good while that waits.
 * They say who decides and never what. That each works once is kept by the run itself: the first decision stands.
 */
import { z } from 'zod'
import { type JwtConfig, type JwtKind, signJwt, verifyJwt } from './jwt.ts'

const KIND: JwtKind = { typ: 'approval+jwt', audience: 'synapscale:approval' }

const Claims = z.object({
  sub: z.string(),
  wsp: z.uuid(),
  exe: z.uuid(),
  nod: z.string(),
  vis: z.int(),
})

export interface ApprovalLink {
  /** As the node names them. */
  readonly approver: string
  readonly workspaceId: string
  readonly executionId: string
  readonly nodeId: string
  readonly visit: number
}

/** @param times Unix milliseconds */
export function signApprovalLink(
  config: JwtConfig,
  { approver, workspaceId, executionId, nodeId, visit }: ApprovalLink,
  times: { readonly now: number; readonly until: number },
): Promise<string> {
  return signJwt(config, KIND, {
    sub: approver,
    wsp: workspaceId,
    exe: executionId,
    nod: nodeId,
    vis: visit,
    iat: Math.floor(times.now / 1000),
    exp: Math.ceil(times.until / 1000),
  })
}

/** What a link is for, if it is one of ours and has not expired at `now` (Unix milliseconds). */
export async function verifyApprovalLink(
  config: JwtConfig,
  token: string,
  now: number,
): Promise<ApprovalLink | undefined> {
  const claims = Claims.safeParse(await verifyJwt(config, KIND, token, now))
  if (!claims.success) return undefined
  const { sub: approver, wsp: workspaceId, exe: executionId, nod: nodeId, vis: visit } = claims.data
  return { approver, workspaceId, executionId, nodeId, visit }
}
