import type { Models } from '#core/agent/model'
import type { BoundAgent } from '#core/agent/run-agent'
import type { AgentSnapshot } from '#core/agent/snapshot'
import type { JsonObject } from '#lib/json'
import type { TraceContext } from '#lib/trace'

/** Where an agent's turn takes place: the same whenever the turn is taken up again. */
export interface AgentFacts {
  readonly workspaceId: string
  /** On whose behalf: executions that its tools start are theirs. */
  readonly userId: string | null
  /** When the turn began, in Unix milliseconds. */
  readonly startedAt: number
  /** What expressions see as `$input`, e.g. `{ user: { name }, chat: { id } }`. */
  readonly input: JsonObject
  /** Whether somebody can be asked: to approve a call, or to answer one. */
  readonly hasPerson: boolean
  /** The agents that asked this one, the first one first. */
  readonly callers?: readonly string[]
  /** Executions that stand above what its tools start. */
  readonly depth?: number
  /** The workflows of those executions, the first one first. */
  readonly chain?: readonly string[]
  /** The span that calls of its tools are under; it goes on into what they ask and start. */
  readonly trace?: TraceContext
}

/** Models of a turn; with `ofAgent` what another agent spends in it is counted as that one's. */
export interface AgentModels extends Models {
  ofAgent?(this: void, agentId: string): AgentModels
  /** Brings to the ledger what was spent by these until now. */
  settle?(this: void): Promise<void>
}

/** Binds an agent, and each that it asks. */
export type Bind = (env: Env, models: AgentModels, snapshot: AgentSnapshot, facts: AgentFacts) => Promise<BoundAgent>
