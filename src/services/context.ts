import type { Config } from '#config'
import type { Locale } from '#core/messages'
import type { Principal } from '#core/principal'
import type { Db } from '#db/connect'
import type { TraceContext } from '#lib/trace'
import type { MailBindings } from '#mail/mailer'

/** A request's place beside the others that are at work. */
export interface Turn {
  /** For whom it is at work; its statements queue in the same lane. */
  readonly lane: () => string
  /**
   * Waits for a turn while the workspace is not known yet.
   *
   * @param asking `isSure` when it is proved who asks: then it is a turn of the workspace that they asked for last
   * @throws AppError `too_many_at_once`
   */
  takeFor(asking: { readonly name: string; readonly isSure: boolean }): Promise<void>
  /**
   * Waits until it is the workspace's turn, and gives back the turn that it had.
   *
   * @throws AppError `too_many_at_once`
   */
  take(workspaceId: string): Promise<void>
  /** Leaves it to an execution that was started: it is given back a while later. */
  leaveToWork(): void
  /** Gives it back, before waiting for what may take long. Idempotent. */
  end(): void
}

/** What a verb may use when nobody is logged in: registering, logging in, health. */
export interface PublicCtx {
  readonly env: Env & MailBindings
  readonly config: Config
  readonly db: Db
  readonly locale: Locale
  readonly requestId: string
  /** The request's own span: what it starts goes on below it. */
  readonly trace: TraceContext
  /** Unix milliseconds. */
  readonly now: () => number
  /** Work that the answer does not wait for and does not tell of; a failure of it goes to the log. */
  readonly later: (work: () => Promise<unknown>) => void
  readonly turn: Turn
  /** What the caller's software says of itself, and its address where it can be believed. */
  readonly client: { readonly userAgent: string | undefined; readonly address: string | undefined }
}

/** What every other verb gets: the same, with a principal and a database that knows the principal's workspace. */
export interface Ctx extends PublicCtx {
  readonly principal: Principal
  /** Refuses a statement on what workspaces own unless it names the principal's. */
  readonly db: Db
  /** For what is not of one workspace: say at the use why it is right. */
  readonly unscopedDb: Db
}
