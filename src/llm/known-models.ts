import type { LanguageModelV4Usage } from '@ai-sdk/provider'
import type { ModelEntry, ModelLine } from '#core/llm/model-entry'
import { CATALOG } from './catalog.ts'
import type { FoundModel } from './find-model.ts'
import { DEMO } from './providers.ts'
import type { Abilities } from './to-call.ts'

/** The catalogue with what the operator says. */
export interface KnownModels {
  readonly all: readonly ModelEntry[]
  /** Also by a name with a date (`gpt-5-2025-08-07`), which is priced as the one without. */
  find(reference: string): ModelEntry | undefined
}

const DATED = /-(?:\d{8}|\d{4}-\d{2}-\d{2}|latest)$/
/** Many models speak these, and few of them can be bound to a schema. */
const INSTRUCTED: ReadonlySet<FoundModel['wire']> = new Set(['compatible', 'workers-ai'])
const MILLION = 1_000_000

/** A line for a model that is known changes what it names; any other adds one. */
export function knownModels(lines: readonly ModelLine[]): KnownModels {
  const models = new Map(CATALOG.map((model) => [model.id, model]))
  for (const line of lines) {
    const former = models.get(line.id) ?? {
      name: line.id.slice(line.id.indexOf('/') + 1),
      context_tokens: null,
      max_output_tokens: null,
      prices: null,
      abilities: [],
    }
    models.set(line.id, { ...former, ...line })
  }
  return {
    all: [...models.values()],
    find: (reference) => models.get(reference) ?? models.get(reference.replace(DATED, '')),
  }
}

/** What a call may rely on. A model that nobody knows is given files: whoever put it in knows whether it sees. */
export function abilitiesOf(known: KnownModels, { reference, wire }: FoundModel): Abilities {
  const abilities = known.find(reference)?.abilities
  const isReal = wire !== DEMO
  return {
    structuredOutput: abilities?.includes('structured_output') ?? (isReal && !INSTRUCTED.has(wire)),
    images: abilities?.includes('images') ?? isReal,
    pdf: abilities?.includes('pdf') ?? isReal,
  }
}

/** US dollars of one call; null where no price is known, or nothing was counted. */
export function reckonCost(known: KnownModels, reference: string, usage: LanguageModelV4Usage): number | null {
  const prices = known.find(reference)?.prices
  const { inputTokens, outputTokens } = usage
  if (prices == null || inputTokens.total === undefined || outputTokens.total === undefined) return null
  const { input, output, cached_input = input, cache_write = input } = prices
  const read = inputTokens.cacheRead ?? 0
  const written = inputTokens.cacheWrite ?? 0
  const plain = Math.max(0, inputTokens.total - read - written)
  const spent = plain * input + read * cached_input + written * cache_write + outputTokens.total * output
  return spent / MILLION
}
