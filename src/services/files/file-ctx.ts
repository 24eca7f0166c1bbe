import { readConfig } from '#config'
import type { Principal } from '#core/principal'
import { connectWithin } from '#db/connect'
import type { TraceContext } from '#lib/trace'
import type { AuditCtx, AuditFact } from '#services/audit/audit'
import type { PublicCtx } from '#services/context'

/** An actor that works for a workspace: a run, a chat, an agent. */
export interface ActorPrincipal {
  readonly kind: 'actor'
  readonly workspaceId: string
  /** For whom it works; null for nobody in particular. */
  readonly userId: string | null
}

/** What the verbs for files take: a request's `Ctx` is one, and `actorFileCtx` makes one without a request. */
export interface FileCtx extends Pick<PublicCtx, 'env' | 'config' | 'db' | 'now' | 'client' | 'requestId'> {
  readonly principal: Principal | ActorPrincipal
  /** Of the request; an actor has none here. */
  readonly trace?: TraceContext
}

/** @param requestId what the audit log names: the execution, the chat */
export function actorFileCtx(env: Env, actor: Omit<ActorPrincipal, 'kind'>, requestId: string): FileCtx {
  return {
    env,
    config: readConfig(env),
    db: connectWithin(env, actor.workspaceId),
    now: Date.now,
    client: { userAgent: undefined, address: undefined },
    requestId,
    principal: { kind: 'actor', ...actor },
  }
}

/** Who the audit log says did it: an actor is the system, on behalf of somebody. */
export function auditedAs(
  ctx: FileCtx,
  fact: Omit<AuditFact, 'workspaceId' | 'userId'>,
): { readonly by: AuditCtx; readonly fact: AuditFact } {
  const { principal, client, requestId, now } = ctx
  if (principal.kind !== 'actor') return { by: { principal, client, requestId, now }, fact }
  const { workspaceId, userId } = principal
  return { by: { client, requestId, now }, fact: { ...fact, workspaceId, ...(userId === null ? {} : { userId }) } }
}
