import { readConfig } from '#config'
import { connectWithin } from '#db/connect'
import type { ProviderKey } from '#llm/find-model'
import { type AnyModels, createModels, type ModelsOptions } from '#llm/models'
import { parseAllowList } from '#outbound/allow-list'
import { createOutbound, type Outbound, type OutboundLimits, type Transport } from '#outbound/gate'
import { createSecretFill } from '#outbound/secrets'
import { toFetch } from '#outbound/to-fetch'
import type { TraceContext } from '#lib/trace'
import { createAdmission, type Spender } from '#services/budgets/admission'
import { toldModels } from './told-models.ts'
import { openFoundSecrets } from '#services/variables/open-secrets'

/** Bindings that wrangler.toml does not have: of one machine, or of an installation that has added Workers AI. */
export interface OutboundBindings {
  readonly AI?: Ai
  readonly OUTBOUND_PUBLIC?: Transport
  readonly OUTBOUND_INTERNAL?: Transport
}

const NOBODY: Spender = { agentId: null, workflowId: null, userId: null }

interface OpenModelsOptions extends Pick<OutboundLimits, 'timeoutMs' | 'signal'>, Pick<ModelsOptions, 'onFinish'> {
  /** Whose budgets may stop it, besides the workspace's and the model's own. */
  readonly spender?: Spender
  /** The span that a call's is to be under. */
  readonly trace?: TraceContext
  /** How often one model is asked again before anything has come. */
  readonly retries?: number
  /** Another gate than the installation's own, with keys of its own. */
  readonly outbound?: Outbound
}

/** An answer takes minutes at times, and nobody waits for longer than this. */
const MAX_CALL_MS = 600_000
const MAX_ANSWER_BYTES = 32 * 1024 * 1024
const RETRIES = 2

/** The gate as the settings have it. */
export function openGate(env: Env & OutboundBindings): Outbound {
  const { OUTBOUND_PUBLIC, OUTBOUND_INTERNAL } = env
  const allow = parseAllowList(readConfig(env).OUTBOUND_ALLOW)
  return createOutbound({ bindings: { OUTBOUND_PUBLIC, OUTBOUND_INTERNAL }, allow })
}

/**
 * The models as a workspace has them: with its own keys where it has secrets of that name (`OPENAI_API_KEY`, …), else with
 * the installation's. Keys are read when a model is asked, once for each of these. Asking throws `BudgetExceeded` where a
 * budget with `hard_stop` is spent.
 */
export function openModels(
  env: Env & OutboundBindings,
  workspaceId: string,
  {
    retries = RETRIES,
    outbound = openGate(env),
    timeoutMs = MAX_CALL_MS,
    signal,
    onFinish,
    spender = NOBODY,
    trace,
  }: OpenModelsOptions = {},
): AnyModels {
  const config = readConfig(env)
  const limits = { timeoutMs, maxBytes: MAX_ANSWER_BYTES, ...(signal && { signal }) }
  const { admit, note } = createAdmission(env, workspaceId, spender)
  const opened = new Map<string, Promise<ProviderKey | undefined>>()

  async function openKey(name: string): Promise<ProviderKey | undefined> {
    const db = connectWithin(env, workspaceId)
    const [secret] = await openFoundSecrets(db, config.ENCRYPTION_KEY, workspaceId, [name])
    if (secret === undefined) return undefined
    const placeholder = `secret_${crypto.randomUUID().replaceAll('-', '')}_`
    const fill = createSecretFill([{ ...secret, placeholder }])
    return { apiKey: placeholder, fetch: toFetch(outbound, limits, fill), hidden: fill.hidden() }
  }

  const models = createModels({
    config,
    fetch: toFetch(outbound, limits),
    workersAi: env.AI,
    retries,
    admit,
    onFinish(finish) {
      note(finish)
      onFinish?.(finish)
    },
    stallMs: config.LLM_STALL_SECONDS * 1_000,
    findKey(name) {
      const key = opened.get(name) ?? openKey(name)
      opened.set(name, key)
      return key
    },
  })
  return toldModels(env, models, trace)
}
