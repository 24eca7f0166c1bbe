import { decide, type Machine, toFailure, toOutcome } from '#core/workflow/advance'
import { nodeError, NodeFailure } from '#core/workflow/node-error'
import { isPure, type NodePorts } from '#core/workflow/node-type'
import { MAX_VALUE_BYTES } from '#core/workflow/limits'
import { openPerformance } from '#core/workflow/open-performance'
import { checkDecision, prepareVisitWith } from '#core/workflow/prepare'
import { type RunState, type Visit, visitOf } from '#core/workflow/run'
import type { UsageEntry } from '#core/usage/usage-entry'
import type { Sandbox } from '#core/workflow/sandbox'
import type { RunCommand, RunInput } from '#core/workflow/step'
import { describeError, logLine } from '#lib/log'
import type { TraceContext } from '#lib/trace'
import type { AnyModels } from '#llm/models'
import type { Outbound } from '#outbound/gate'
import { withTrace } from '#outbound/with-trace'
import { createSandbox } from '#sandbox/client'
import type { AgentModels } from '#services/agents/agent-facts'
import { explainModelError } from '#services/llm/explain-model-error'
import { openGate, openModels, type OutboundBindings } from '#services/llm/open-models'
import { createAgentPort } from './agent-port.ts'
import type { RunValues } from './run-values.ts'
import { showText } from './show-text.ts'
import {
  createPlaceholders,
  NO_SECRETS,
  openVisitSecrets,
  type Placeholders,
  type VisitSecrets,
} from './visit-secrets.ts'

export type Perform = RunCommand & { readonly type: 'perform' }
/** The same with the span of the visit. */
export type Traced = Perform & { readonly trace: TraceContext }

/** Of an answer out of which secrets are taken: for that it is read as a whole. */
const MAX_SEARCHED_BYTES = 10 * 1024 * 1024

/** The ports that lead back to the actor. */
export type NodeHost = Pick<NodePorts, 'startExecution' | 'files' | 'log' | 'progress'> & {
  /** Keeps what a call of a model took, for the ledger. */
  spend(spent: Spent): void
}

/** `ordinal`: which call of the visit's performance it was. */
export type Spent = Pick<UsageEntry, 'model' | 'usage' | 'cost'> & {
  readonly ordinal: number
  /** Whose turn it was. */
  readonly agentId: string | null
}

/**
 * Performs one visit and gives its outcome as the run's next input. Never throws: whatever goes wrong is the node's
 * failure, and a bug of ours is logged and shown without its inside.
 */
export async function performVisit(
  env: Env & OutboundBindings,
  machine: Machine,
  state: RunState,
  command: Traced,
  values: RunValues,
  signal: AbortSignal,
  host: NodeHost,
): Promise<RunInput> {
  const ref = { node_id: command.node_id, visit: command.visit, performance: command.performance }
  let secrets = NO_SECRETS
  try {
    const moment = { now: Date.now(), random: Math.random() }
    const decided = decide(machine, state, command, moment)
    if (decided !== undefined) {
      // A long chain of pure nodes lets others have the thread between two steps.
      await scheduler.wait(0)
      return decided
    }
    const visit = { ...command, startedAt: visitOf(state, command).startedAt }
    let placeholders: Placeholders = {}
    const opened = openPerformance(
      machine,
      state,
      command,
      moment.now,
      (node, type) => (placeholders = createPlaceholders(node, type)),
    )
    const loaded = await values.load(opened.needs)
    try {
      signal.throwIfAborted()
      const decision = await opened.come(loaded.read, async (visiting) => {
        const { node, type } = visiting
        const { workspaceId } = machine.facts
        const sandbox = createSandbox(env.SANDBOX, workspaceId)
        return withDeadline(node.timeout_ms, signal, async (limited) => {
          const prepared = await prepareVisitWith(sandbox, visiting)
          if (isPure(type)) return type.decide(prepared)
          secrets = await openVisitSecrets(env, workspaceId, placeholders)
          limited.throwIfAborted()
          const { progress, ...back } = secrets.redactHost(host)
          const telling = { spend: (spent: Spent) => host.spend(spent), progress }
          const ports = createPorts(env, machine, visit, node.timeout_ms, limited, sandbox, secrets, telling)
          return type.run({ ...ports, ...back, progress }, prepared)
        })
      })
      const redacted = secrets.redactDecision(decision)
      checkDecision(redacted)
      return toOutcome(command, await values.keepDecision(redacted))
    } finally {
      loaded.release()
    }
  } catch (error) {
    // The run is over, and whatever comes of this no longer matters.
    const failure = toFailure(signal.aborted ? error : explain(error, secrets, machine.facts))
    return { ...ref, ...failure, error: secrets.redactError(failure.error) }
  }
}

/** Ends the wait at the deadline, also when a node ignores its signal. */
async function withDeadline<T>(
  limitMs: number,
  cancelled: AbortSignal,
  run: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController()
  const timeout = new NodeFailure(nodeError('node_timeout', { limit: limitMs }), { retryable: true })
  const timer = setTimeout(() => controller.abort(timeout), limitMs)
  const stop = (): void => controller.abort(cancelled.reason)
  cancelled.addEventListener('abort', stop, { once: true })
  const aborted = Promise.withResolvers<never>()
  controller.signal.addEventListener('abort', () => aborted.reject(controller.signal.reason), { once: true })
  try {
    return await Promise.race([run(controller.signal), aborted.promise])
  } finally {
    clearTimeout(timer)
    cancelled.removeEventListener('abort', stop)
  }
}

function createPorts(
  env: Env & OutboundBindings,
  machine: Machine,
  command: Traced & Pick<Visit, 'startedAt'>,
  timeoutMs: number,
  signal: AbortSignal,
  sandbox: Sandbox,
  secrets: VisitSecrets,
  host: Pick<NodeHost, 'spend' | 'progress'>,
): Omit<NodePorts, keyof NodeHost> {
  const outbound = withKeys(withTrace(openGate(env), command.trace), machine.facts.execution.id, command)
  // A little sooner than the visit's own deadline: the gate's error names the host.
  const limits = { signal, timeoutMs: Math.ceil(timeoutMs * 0.98), maxBytes: MAX_VALUE_BYTES }
  let ordinal = 0
  const open = (agentId: string | null, more: { readonly retries?: number } = {}): AnyModels =>
    openModels(env, machine.facts.workspaceId, {
      ...limits,
      ...more,
      outbound,
      trace: command.trace,
      spender: { agentId, workflowId: machine.facts.workflow.id, userId: machine.facts.createdBy ?? null },
      onFinish: ({ model, usage, cost }) => host.spend({ model, usage, cost, ordinal: (ordinal += 1), agentId }),
    })
  const ofAgent = (agentId: string): AgentModels => ({ ...open(agentId), ofAgent })
  // The engine retries, with its own memory of attempts.
  const models = open(null, { retries: 0 })
  const { facts } = machine
  return {
    signal,
    validate: (schema, value) => sandbox.validate(schema, value),
    fetch: async (url, { method, headers, body } = {}, wantedBytes = MAX_VALUE_BYTES) => {
      const request = { url, method, headers, body, secrets: secrets.fill }
      const maxBytes = secrets.fill === undefined ? wantedBytes : Math.min(wantedBytes, MAX_SEARCHED_BYTES)
      return secrets.redactResponse(await outbound.fetch(request, { ...limits, maxBytes }))
    },
    askAgent: createAgentPort({
      env,
      facts,
      visit: command,
      models: { ...models, ofAgent },
      signal,
      validate: sandbox.validate,
      host,
    }),
    async generate(request) {
      if (request.isShown !== true) return models.generate({ ...request, signal })
      const shown = showText((text) => host.progress({ text }), Date.now)
      const answer = await models.generate({ ...request, signal, onText: (text) => shown.add(text) })
      shown.end()
      return answer
    },
  }
}

/** P6: execution, node, visit and the ordinal of the request in it make its key: the same on every attempt. */
function withKeys(outbound: Outbound, executionId: string, command: Traced): Outbound {
  let ordinal = 0
  return {
    fetch(request, limits) {
      ordinal += 1
      const headers = new Headers(request.headers)
      const key = `${executionId}/${encodeURIComponent(command.node_id)}/${command.visit}/${ordinal}`
      if (!headers.has('idempotency-key')) headers.set('idempotency-key', key)
      return outbound.fetch({ ...request, headers }, limits)
    },
  }
}

/** The adapters' errors as the node's failure, in words for people. */
function explain(error: unknown, secrets: VisitSecrets, { execution, workspaceId }: Machine['facts']): unknown {
  const explained = explainModelError(error)
  if (!(explained instanceof NodeFailure)) {
    const place = { execution_id: execution.id, workspace_id: workspaceId }
    logLine('error', { event: 'node_unexpected', ...place, error: secrets.redactNote(describeError(error)) })
  }
  return explained
}
