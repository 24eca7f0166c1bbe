import type { Config } from '#config'
import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import type { LanguageModelV4 } from '@ai-sdk/provider'
import { demoEcho } from './demo-echo.ts'
import { ModelError } from './errors.ts'
import type { Asked } from './to-model-error.ts'

/** The settings that say which models there are. */
export type ModelsConfig = Pick<Config, 'OPENAI_API_KEY' | 'OPENAI_BASE_URL' | 'LLM_PROVIDERS'>

export interface FoundModel {
  readonly model: LanguageModelV4
  readonly asked: Asked
}

interface Endpoint {
  readonly baseUrl: string
  readonly apiKey: string | undefined
  /** The setting without which the provider cannot be used, when it is absent. */
  readonly missing?: string
}

const DEMO = 'demo'

/**
 * The model that `provider/model` names; everything after the first slash is the provider's own name for it.
 *
 * @throws ModelError `model_unknown_provider`, `model_not_configured`, or `model_refused` for a demo model other than echo
 */
export function findModel(reference: string, config: ModelsConfig, fetcher: typeof fetch): FoundModel {
  const [, provider = '', model = ''] = /^([^/]+)\/(.+)$/s.exec(reference) ?? []
  if (provider === DEMO) return findDemo(model)
  const endpoints = listEndpoints(config)
  const endpoint = endpoints.get(provider)
  if (endpoint === undefined) {
    const known = [DEMO, ...endpoints.keys()].join(', ')
    throw new ModelError('model_unknown_provider', { params: { provider, model: reference, known } })
  }
  const { baseUrl, apiKey, missing } = endpoint
  if (missing !== undefined) throw new ModelError('model_not_configured', { params: { provider, setting: missing } })
  const settings = { name: provider, baseURL: baseUrl, apiKey, fetch: fetcher, includeUsage: true }
  return { model: createOpenAICompatible(settings).chatModel(model), asked: { provider, model, apiKey } }
}

/** `LLM_PROVIDERS` may replace `openai`, never the demo, whose name promises that nothing leaves. */
function listEndpoints(config: ModelsConfig): ReadonlyMap<string, Endpoint> {
  const { OPENAI_API_KEY: apiKey, OPENAI_BASE_URL: baseUrl } = config
  const openai: Endpoint = apiKey === undefined ? { baseUrl, apiKey, missing: 'OPENAI_API_KEY' } : { baseUrl, apiKey }
  const others = config.LLM_PROVIDERS.map(
    ({ id, base_url, api_key }) => [id, { baseUrl: base_url, apiKey: api_key }] as const,
  )
  return new Map<string, Endpoint>([['openai', openai], ...others])
}

function findDemo(model: string): FoundModel {
  const asked = { provider: DEMO, model, apiKey: undefined }
  if (model === demoEcho.modelId) return { model: demoEcho, asked }
  throw new ModelError('model_refused', { params: { provider: DEMO, model, detail: 'demo/echo' } })
}
