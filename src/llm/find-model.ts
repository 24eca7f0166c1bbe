import { createAnthropic } from '@ai-sdk/anthropic'
import { createGoogle } from '@ai-sdk/google'
import { createOpenAI } from '@ai-sdk/openai'
import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import type { LanguageModelV4 } from '@ai-sdk/provider'
import { demoEcho } from './demo-echo.ts'
import { ModelError } from './errors.ts'
import { DEMO, listProviders, WORKERS_AI, type ModelsConfig, type Provider, type Wire } from './providers.ts'
import { createWorkersAI } from 'workers-ai-provider'
import type { Asked } from './to-model-error.ts'

/** A workspace's own key for a provider, and the way on which alone it leaves. */
export interface ProviderKey {
  /** What the SDK takes for the key: a placeholder that `fetch` replaces on the way out. */
  readonly apiKey: string
  readonly fetch: typeof fetch
  /** What must not be seen in an error. */
  readonly hidden: readonly string[]
}

export interface ModelSources {
  readonly config: ModelsConfig
  /** The outbound gate (`toFetch`): base URLs are settings, but what they answer and redirect to is not ours. */
  readonly fetch: typeof fetch
  /** The binding, where there is one. */
  readonly workersAi?: Ai | undefined
  /** The workspace's key under this name (`OPENAI_API_KEY`), which goes before the installation's. */
  findKey?(keyName: string): Promise<ProviderKey | undefined>
}

export interface FoundModel {
  readonly reference: string
  readonly model: LanguageModelV4
  readonly wire: Wire | typeof DEMO | typeof WORKERS_AI
  readonly asked: Asked
}

/**
 * The model that `provider/model` names; everything after the first slash is the provider's own name for it.
 *
 * @throws ModelError `model_unknown_provider`, `model_not_configured`, or `model_refused` for a demo model other than
 *   echo; whatever `findKey` throws
 */
export async function findModel(reference: string, sources: ModelSources): Promise<FoundModel> {
  const [, id = '', model = ''] = /^([^/]+)\/(.+)$/s.exec(reference) ?? []
  if (id === DEMO) return findDemo(model)
  if (id === WORKERS_AI && sources.workersAi !== undefined && model !== '') return onWorkersAi(model, sources.workersAi)
  const providers = listProviders(sources.config)
  const provider = providers.get(id)
  if (provider === undefined) {
    const known = [DEMO, ...(sources.workersAi === undefined ? [] : [WORKERS_AI]), ...providers.keys()].join(', ')
    throw new ModelError('model_unknown_provider', { params: { provider: id, model: reference, known } })
  }
  const own = await sources.findKey?.(provider.keyName)
  const apiKey = own?.apiKey ?? provider.apiKey
  if (apiKey === undefined && provider.needsKey) {
    throw new ModelError('model_not_configured', { params: { provider: id, setting: provider.keyName } })
  }
  const hidden = [...(own?.hidden ?? []), ...(apiKey === undefined ? [] : [apiKey])]
  return {
    reference,
    model: createModel(provider, model, apiKey, own?.fetch ?? sources.fetch),
    wire: provider.wire,
    asked: { provider: id, model, hidden },
  }
}

/**
 * OpenAI by chat completions, not by responses: the former keeps nothing on their side, and is what a proxy behind
 * `OPENAI_BASE_URL` speaks.
 */
function createModel(
  { id, wire, baseUrl: baseURL }: Provider,
  model: string,
  apiKey: string | undefined,
  fetcher: typeof fetch,
): LanguageModelV4 {
  // The SDKs look into the process's environment when they are given none.
  const settings = { baseURL, apiKey: apiKey ?? '', fetch: fetcher }
  switch (wire) {
    case 'openai':
      return createOpenAI(settings).chat(model)
    case 'anthropic':
      return createAnthropic(settings).languageModel(model)
    case 'google':
      return createGoogle(settings).languageModel(model)
    case 'compatible': {
      const more = { name: id, includeUsage: true, supportsStructuredOutputs: true }
      return createOpenAICompatible({ ...settings, ...more, apiKey }).chatModel(model)
    }
    default:
      return wire satisfies never
  }
}

function onWorkersAi(model: string, binding: Ai): FoundModel {
  return {
    reference: `${WORKERS_AI}/${model}`,
    model: createWorkersAI({ binding }).chat(model),
    wire: WORKERS_AI,
    asked: { provider: WORKERS_AI, model, hidden: [] },
  }
}

function findDemo(model: string): FoundModel {
  const asked = { provider: DEMO, model, hidden: [] }
  if (model === demoEcho.modelId) return { reference: `${DEMO}/${model}`, model: demoEcho, wire: DEMO, asked }
  throw new ModelError('model_refused', { params: { provider: DEMO, model, detail: 'demo/echo' } })
}
