import type { Context } from 'hono'
import type { ErrorCode } from '#core/errors'
import type { Locale } from '#core/messages'
import type { RequestPatience } from '#db/patience'
import type { TraceContext } from '#lib/trace'
import type { Ctx, PublicCtx } from '#services/context'

/** What every handler finds in `c.var`. */
export interface AppEnv {
  Bindings: Env
  Variables: {
    requestId: string
    trace: TraceContext
    locale: Locale
    publicCtx: PublicCtx
    /** Shared by all queries of the request. */
    patience: RequestPatience
    /** The workspace of the caller, once that is known. */
    workspaceId?: string
    /** Set where an error is answered, for the line on the log. */
    errorCode?: ErrorCode
  }
}

/** The same behind the bearer check; a public route has no `c.var.ctx`, and using it there does not compile. */
export interface AuthenticatedEnv {
  Bindings: Env
  Variables: AppEnv['Variables'] & { ctx: Ctx }
}

export type AppContext = Context<AppEnv>
