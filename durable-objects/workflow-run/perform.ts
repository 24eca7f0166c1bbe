import { type Config, readConfig } from '#config'
import { ERRORS } from '#core/errors'
import { decide, type Machine, toFailure } from '#core/workflow/advance'
import type { RunHeader } from '#core/workflow/execution'
import { nodeError, NodeFailure, toNodeError } from '#core/workflow/node-error'
import { type EffectNodeType, isPure, type NodePorts } from '#core/workflow/node-type'
import { planNode } from '#core/workflow/plan'
import { checkEmission, MAX_OUTPUT_BYTES, prepareVisit } from '#core/workflow/prepare'
import type { RunCommand, RunInput, RunState } from '#core/workflow/run'
import { DatabaseUnavailable } from '#db/errors'
import { describeError, logLine } from '#lib/log'
import { ModelError } from '#llm/errors'
import { MODEL_MESSAGES } from '#llm/messages'
import { createModels } from '#llm/models'
import { parseAllowList } from '#outbound/allow-list'
import { OutboundError } from '#outbound/errors'
import { createOutbound, type Outbound } from '#outbound/gate'
import { OUTBOUND_MESSAGES } from '#outbound/messages'
import { toFetch } from '#outbound/to-fetch'
import { createPlaceholders, NO_SECRETS, openVisitSecrets, type VisitSecrets } from './visit-secrets.ts'

const DATABASE_AWAY = toNodeError('database_unavailable', ERRORS.database_unavailable.sentence)

export type Perform = RunCommand & { readonly type: 'perform' }

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
  { workspaceId }: Pick<RunHeader, 'workspaceId'>,
  machine: Machine,
  state: RunState,
  command: Perform,
  signal: AbortSignal,
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
    const node = planNode(machine.plan, command.node_id)
    const type = machine.catalog[node.type]
    if (type === undefined || isPure(type)) throw new Error(`no effectful node type ${node.type}`)
    const placeholders = createPlaceholders(node, type)
    const facts = { ...machine.facts, secrets: placeholders }
    const prepared = prepareVisit(machine.plan, state, command, type, facts, moment.now)
    const opened = await openVisitSecrets(env, workspaceId, placeholders)
    secrets = opened
    signal.throwIfAborted()
    const emission = await withDeadline(node.timeout_ms, signal, (limited) =>
      type.run(createPorts(env, machine, command, node.timeout_ms, limited, opened), prepared),
    )
    return secrets.redactOutcome({ ...ref, type: 'succeeded', ...checkEmission(emission) })
  } catch (error) {
    // The run is over, and whatever comes of this no longer matters.
    if (signal.aborted) return { ...ref, ...toFailure(error) }
    if (error instanceof DatabaseUnavailable) return { ...ref, type: 'parked', error: DATABASE_AWAY }
    return secrets.redactOutcome({ ...ref, ...toFailure(explain(error, secrets)) })
  }
}

/** Ends the wait at the deadline, also when a node ignores its signal. */
async function withDeadline<T>(
  limitMs: number,
  cancelled: AbortSignal,
  run: (signal: AbortSignal) => ReturnType<EffectNodeType<never>['run']> & Promise<T>,
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
  command: Perform,
  timeoutMs: number,
  signal: AbortSignal,
  secrets: VisitSecrets,
): NodePorts {
  const config = readConfig(env)
  const outbound = withKeys(openGate(env, config), machine.facts.execution.id, command)
  // A little sooner than the visit's own deadline: the gate's error names the host.
  const limits = { signal, timeoutMs: Math.ceil(timeoutMs * 0.98), maxBytes: MAX_OUTPUT_BYTES }
  const models = createModels({ config, fetch: toFetch(outbound, limits) })
  return {
    signal,
    fetch: async (url, { method, headers, body } = {}) => {
      const request = { url, method, headers, body, secrets: secrets.fill }
      return secrets.redactResponse(await outbound.fetch(request, limits))
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

/** P6: execution, node, visit and the ordinal of the request in it make its key: the same on every attempt. */
function withKeys(outbound: Outbound, executionId: string, command: Perform): Outbound {
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
function explain(error: unknown, secrets: VisitSecrets): unknown {
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
    logLine('error', { event: 'node_unexpected', error: secrets.redactNote(describeError(error)) })
  }
  return error
}
