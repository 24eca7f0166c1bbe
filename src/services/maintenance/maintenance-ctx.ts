import type { Config } from '#config'
import type { Db } from '#db/connect'

/** What the sweeps may use. They act for the installation: no principal, and across workspaces. */
export interface MaintenanceCtx {
  readonly env: Env
  readonly config: Config
  readonly db: Db
  /** Unix milliseconds. */
  readonly now: () => number
}
