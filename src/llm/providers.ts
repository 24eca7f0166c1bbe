import type { Config } from '#config'
import { PRESETS } from '#core/llm/presets'

/** The settings that say which models there are. */
export type ModelsConfig = Pick<
  Config,
  | 'OPENAI_API_KEY'
  | 'OPENAI_BASE_URL'
  | 'ANTHROPIC_API_KEY'
  | 'ANTHROPIC_BASE_URL'
  | 'GOOGLE_API_KEY'
  | 'GOOGLE_BASE_URL'
  | 'LLM_PROVIDERS'
  | 'LLM_MODELS'
>

/** The wire formats that we speak; `compatible` is OpenAI's chat completions as others serve them. */
export type Wire = 'openai' | 'anthropic' | 'google' | 'compatible'

export interface Provider {
  readonly id: string
  readonly wire: Wire
  readonly baseUrl: string
  /** The installation's. */
  readonly apiKey: string | undefined
  /** What the key is called, as a secret of a workspace and, where there is one, as a setting. */
  readonly keyName: string
  /** Nobody is asked without a key. */
  readonly needsKey: boolean
}

export const DEMO = 'demo'
/** Cloudflare's models, asked through a binding and not over the network; only where there is one. */
export const WORKERS_AI = 'workers-ai'

/**
 * Every provider that can be named here, by id. `LLM_PROVIDERS` adds further ones and may change those that we know,
 * never the demo, whose name promises that nothing leaves, nor Workers AI.
 */
export function listProviders(config: ModelsConfig): ReadonlyMap<string, Provider> {
  const known = [
    builtIn('openai', 'openai', config.OPENAI_BASE_URL, config.OPENAI_API_KEY),
    builtIn('anthropic', 'anthropic', config.ANTHROPIC_BASE_URL, config.ANTHROPIC_API_KEY),
    builtIn('google', 'google', config.GOOGLE_BASE_URL, config.GOOGLE_API_KEY),
    ...Object.entries(PRESETS).map(([id, baseUrl]) => builtIn(id, 'compatible', baseUrl, undefined)),
  ]
  const providers = new Map(known.map((provider) => [provider.id, provider]))
  for (const { id, base_url, api_key, wire } of config.LLM_PROVIDERS) {
    const former = providers.get(id)
    const baseUrl = base_url ?? former?.baseUrl
    if (id === DEMO || id === WORKERS_AI || baseUrl === undefined) continue
    providers.set(id, {
      id,
      wire: wire ?? former?.wire ?? 'compatible',
      baseUrl,
      apiKey: api_key ?? (base_url === undefined ? former?.apiKey : undefined),
      keyName: keyNameOf(id),
      // An address of one's own may ask for none, as a model on the next machine does.
      needsKey: base_url === undefined,
    })
  }
  return providers
}

/** `openai` → `OPENAI_API_KEY`, `my-cloud` → `MY_CLOUD_API_KEY`. */
function keyNameOf(id: string): string {
  return `${id.toUpperCase().replaceAll('-', '_')}_API_KEY`
}

function builtIn(id: string, wire: Wire, baseUrl: string, apiKey: string | undefined): Provider {
  return { id, wire, baseUrl, apiKey, keyName: keyNameOf(id), needsKey: true }
}
