/**
 * Links that need no token: to read one file, or to bring one upload's parts. Signed, bound to workspace and thing, good
 * until they expire or the thing is gone.
 */
import { z } from 'zod'
import { type JwtConfig, type JwtKind, signJwt, verifyJwt } from './jwt.ts'

const KINDS = {
  file: { typ: 'file+jwt', audience: 'synapscale:file' },
  upload: { typ: 'upload+jwt', audience: 'synapscale:upload' },
} as const satisfies Record<string, JwtKind>

const Claims = z.object({ sub: z.uuid(), wsp: z.uuid() })

/** What a link is for. */
export interface FileLinkClaims {
  readonly id: string
  readonly workspaceId: string
}

/** @param times Unix milliseconds */
export function signFileLink(
  config: JwtConfig,
  kind: keyof typeof KINDS,
  { id, workspaceId }: FileLinkClaims,
  times: { readonly now: number; readonly until: number },
): Promise<string> {
  const exp = Math.ceil(times.until / 1000)
  return signJwt(config, KINDS[kind], { sub: id, wsp: workspaceId, iat: Math.floor(times.now / 1000), exp })
}

/** What a link is for, if it is one of ours of this kind and has not expired at `now` (Unix milliseconds). */
export async function verifyFileLink(
  config: JwtConfig,
  kind: keyof typeof KINDS,
  token: string,
  now: number,
): Promise<FileLinkClaims | undefined> {
  const claims = Claims.safeParse(await verifyJwt(config, KINDS[kind], token, now))
  return claims.success ? { id: claims.data.sub, workspaceId: claims.data.wsp } : undefined
}
