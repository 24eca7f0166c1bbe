/**
 * Well-known models. Facts of their providers as of `PRICES_AS_OF`: they change, and an operator has the last word
 * (`LLM_MODELS`). A model that is not here works all the same; its cost is unknown then.
 *
 * Where a provider asks more for long questions (Gemini beyond 200,000 tokens), the price here is that of short ones.
 */
import type { ModelAbility, ModelEntry } from '#core/llm/model-entry'

export const PRICES_AS_OF = '2025-12-01'

type Sizes = readonly [contextTokens: number, maxOutputTokens: number]
/** In, out, read from the cache, written into it; US dollars a million. */
type Prices = readonly [input: number, output: number, cachedInput?: number, cacheWrite?: number]

const SEES: readonly ModelAbility[] = ['tools', 'images', 'pdf', 'structured_output']
const THINKS: readonly ModelAbility[] = [...SEES, 'reasoning']

const GPT_5: Sizes = [400_000, 128_000]
const GPT_41: Sizes = [1_047_576, 32_768]
const CLAUDE: Sizes = [200_000, 64_000]
const GEMINI: Sizes = [1_048_576, 65_536]

export const CATALOG: readonly ModelEntry[] = [
  entry('demo/echo', 'Echo', [1_000_000, 1_000_000], [0, 0], []),
  entry('openai/gpt-5.2', 'GPT-5.2', GPT_5, [1.75, 14, 0.175], THINKS),
  entry('openai/gpt-5.1', 'GPT-5.1', GPT_5, [1.25, 10, 0.125], THINKS),
  entry('openai/gpt-5', 'GPT-5', GPT_5, [1.25, 10, 0.125], THINKS),
  entry('openai/gpt-5-mini', 'GPT-5 mini', GPT_5, [0.25, 2, 0.025], THINKS),
  entry('openai/gpt-5-nano', 'GPT-5 nano', GPT_5, [0.05, 0.4, 0.005], THINKS),
  entry('openai/gpt-4.1', 'GPT-4.1', GPT_41, [2, 8, 0.5], SEES),
  entry('openai/gpt-4.1-mini', 'GPT-4.1 mini', GPT_41, [0.4, 1.6, 0.1], SEES),
  entry('openai/gpt-4.1-nano', 'GPT-4.1 nano', GPT_41, [0.1, 0.4, 0.025], SEES),
  entry('openai/gpt-4o', 'GPT-4o', [128_000, 16_384], [2.5, 10, 1.25], SEES),
  entry('openai/gpt-4o-mini', 'GPT-4o mini', [128_000, 16_384], [0.15, 0.6, 0.075], SEES),
  entry('openai/o3', 'o3', [200_000, 100_000], [2, 8, 0.5], THINKS),
  entry('openai/o4-mini', 'o4-mini', [200_000, 100_000], [1.1, 4.4, 0.275], THINKS),
  entry('anthropic/claude-opus-4-5', 'Claude Opus 4.5', CLAUDE, [5, 25, 0.5, 6.25], THINKS),
  entry('anthropic/claude-sonnet-4-5', 'Claude Sonnet 4.5', CLAUDE, [3, 15, 0.3, 3.75], THINKS),
  entry('anthropic/claude-haiku-4-5', 'Claude Haiku 4.5', CLAUDE, [1, 5, 0.1, 1.25], THINKS),
  entry('anthropic/claude-opus-4-1', 'Claude Opus 4.1', [200_000, 32_000], [15, 75, 1.5, 18.75], THINKS),
  entry('anthropic/claude-sonnet-4', 'Claude Sonnet 4', CLAUDE, [3, 15, 0.3, 3.75], THINKS),
  entry('google/gemini-3-pro-preview', 'Gemini 3 Pro', GEMINI, [2, 12, 0.2], THINKS),
  entry('google/gemini-2.5-pro', 'Gemini 2.5 Pro', GEMINI, [1.25, 10, 0.125], THINKS),
  entry('google/gemini-2.5-flash', 'Gemini 2.5 Flash', GEMINI, [0.3, 2.5, 0.03], THINKS),
  entry('google/gemini-2.5-flash-lite', 'Gemini 2.5 Flash-Lite', GEMINI, [0.1, 0.4, 0.01], THINKS),
  entry('groq/llama-3.3-70b-versatile', 'Llama 3.3 70B', [131_072, 32_768], [0.59, 0.79], ['tools']),
  entry('groq/llama-3.1-8b-instant', 'Llama 3.1 8B', [131_072, 131_072], [0.05, 0.08], ['tools']),
  entry('deepseek/deepseek-chat', 'DeepSeek Chat', [128_000, 8_192], [0.28, 0.42, 0.028], ['tools']),
  entry('deepseek/deepseek-reasoner', 'DeepSeek Reasoner', [128_000, 65_536], [0.28, 0.42, 0.028], ['reasoning']),
  entry(
    'xai/grok-4',
    'Grok 4',
    [256_000, 256_000],
    [3, 15, 0.75],
    ['tools', 'images', 'structured_output', 'reasoning'],
  ),
  entry(
    'xai/grok-3-mini',
    'Grok 3 mini',
    [131_072, 131_072],
    [0.3, 0.5, 0.075],
    ['tools', 'structured_output', 'reasoning'],
  ),
]

function entry(
  id: string,
  name: string,
  [context_tokens, max_output_tokens]: Sizes,
  [input, output, cached_input, cache_write]: Prices,
  abilities: readonly ModelAbility[],
): ModelEntry {
  const prices = { input, output, cached_input, cache_write }
  return { id, name, context_tokens, max_output_tokens, prices, abilities: [...abilities] }
}
