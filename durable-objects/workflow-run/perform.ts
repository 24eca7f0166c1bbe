import { type Config, readConfig } from '#config'
import { decide, type Machine, toFailure, toOutcome } from '#core/workflow/advance'
import { nodeError, NodeFailure, toNodeError } from '#core/workflow/node-error'
import { isPure, type NodePorts } from '#core/workflow/node-type'
import { MAX_VALUE_BYTES } from '#core/workflow/limits'
import { openPerformance } from '#core/workflow/open-performance'
import { checkDecision, prepareVisitWith } from '#core/workflow/prepare'
import type { RunState } from '#core/workflow/run'
import type { Sandbox } from '#core/workflow/sandbox'
import type { RunCommand, RunInput } from '#core/workflow/step'
import { DatabaseUnavailable } from '#db/errors'
import { describeError, logLine } from '#lib/log'
import { formatTraceparent, type TraceContext } from '#lib/trace'
import { ModelError } from '#llm/errors'
import { MODEL_MESSAGES } from '#llm/messages'
import { createModels } from '#llm/models'
import { parseAllowList } from '#outbound/allow-list'
import { OutboundError } from '#outbound/errors'
import { createOutbound, type Outbound } from '#outbound/gate'
import { OUTBOUND_MESSAGES } from '#outbound/messages'
import { toFetch } from '#outbound/to-fetch'
import { createSandbox } from '#sandbox/client'
import type { RunValues } from './run-values.ts'
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
export type NodeHost = Pick<NodePorts, 'startExecution' | 'files' | 'log' | 'progress'>

/** Bindings of one machine that wrangler.toml does not have. */
interface OutboundBindings {
  readonly OUTBOUND_PUBLIC?: Fetcher
  readonly OUTBOUND_INTERNAL?: Fetcher
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
          const ports = createPorts(env, machine, command, node.timeout_ms, limited, sandbox, secrets)
          return type.run({ ...ports, ...secrets.redactHost(host) }, prepared)
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
  env: OutboundBindings & object,
  machine: Machine,
  command: Traced,
  timeoutMs: number,
  signal: AbortSignal,
  sandbox: Sandbox,
  secrets: VisitSecrets,
): Omit<NodePorts, keyof NodeHost> {
  const config = readConfig(env)
  const outbound = withKeys(openGate(env, config), machine.facts.execution.id, command)
  // A little sooner than the visit's own deadline: the gate's error names the host.
  const limits = { signal, timeoutMs: Math.ceil(timeoutMs * 0.98), maxBytes: MAX_VALUE_BYTES }
  const models = createModels({ config, fetch: toFetch(outbound, limits) })
  return {
    signal,
    validate: (schema, value) => sandbox.validate(schema, value),
    fetch: async (url, { method, headers, body } = {}, wantedBytes = MAX_VALUE_BYTES) => {
      const request = { url, method, headers, body, secrets: secrets.fill }
      const maxBytes = secrets.fill === undefined ? wantedBytes : Math.min(wantedBytes, MAX_SEARCHED_BYTES)
      return secrets.redactResponse(await outbound.fetch(request, { ...limits, maxBytes }))
    },
    generate: (request) => models.generate({ ...request, signal }),
  }
}

function openGate(env: OutboundBindings, config: Config): Outbound {
  const { OUTBOUND_PUBLIC, OUTBOUND_INTERNAL } = env
  return createOutbound({
    bindings: { OUTBOUND_PUBLIC, OUTBOUND_INTERNAL },
    allow: parseAllowList(config.OUTBOUND_ALLOW),
  })
}

/** Their trace goes on. P6: execution, node, visit and the ordinal of the request in it make its key: the same on every attempt. */
function withKeys(outbound: Outbound, executionId: string, command: Traced): Outbound {
  let ordinal = 0
  return {
    fetch(request, limits) {
      ordinal += 1
      const headers = new Headers(request.headers)
      const key = `${executionId}/${encodeURIComponent(command.node_id)}/${command.visit}/${ordinal}`
      if (!headers.has('idempotency-key')) headers.set('idempotency-key', key)
      if (!headers.has('traceparent')) headers.set('traceparent', formatTraceparent(command.trace))
      return outbound.fetch({ ...request, headers }, limits)
    },
  }
}

/** The adapters' errors as the node's failure, in words for people. */
function explain(error: unknown, secrets: VisitSecrets, { execution, workspaceId }: Machine['facts']): unknown {
  if (error instanceof DatabaseUnavailable) {
    return new NodeFailure(nodeError('database_unavailable'), { retryable: true, isOurs: true })
  }
  if (error instanceof OutboundError) {
    const failure = toNodeError(error.code, OUTBOUND_MESSAGES[error.code], error.params)
    return new NodeFailure(failure, { retryable: error.retryable })
  }
  if (error instanceof ModelError) {
    const { status, retryable, retryAfterMs } = error
    const failure = toNodeError(error.code, MODEL_MESSAGES[error.code], error.params, { status })
    return new NodeFailure(failure, { retryable, retryAfterMs })
  }
  if (!(error instanceof NodeFailure)) {
    const place = { execution_id: execution.id, workspace_id: workspaceId }
    logLine('error', { event: 'node_unexpected', ...place, error: secrets.redactNote(describeError(error)) })
  }
  return error
}
