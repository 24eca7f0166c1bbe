import type { ModelAbility } from '#core/llm/model-entry'
import type { ModelView } from '#core/llm/provider-view'
import { type Page, type Paging, toPage } from '#core/page'
import { PRICES_AS_OF } from '#llm/catalog'
import { knownModels } from '#llm/known-models'
import { DEMO, WORKERS_AI } from '#llm/providers'
import type { Ctx } from '#services/context'
import { findKeys } from './find-keys.ts'

export interface ModelFilter {
  readonly provider?: string | undefined
  readonly search?: string | undefined
  readonly ability?: ModelAbility | undefined
  readonly usable?: boolean | undefined
}

/** The catalogue, and which of its models this workspace can ask. A model that is not in it can be asked all the same. */
export async function listModels(
  ctx: Ctx,
  { provider, search, ability, usable, ...paging }: ModelFilter & Paging,
): Promise<Page<ModelView>> {
  const keys = await findKeys(ctx)
  const wanted = search?.toLowerCase()
  const priced = new Set(ctx.config.LLM_MODELS.flatMap(({ id, prices }) => (prices === undefined ? [] : [id])))
  const found = knownModels(ctx.config.LLM_MODELS)
    .all.map((model): ModelView => {
      const name = model.id.split('/', 1)[0] ?? ''
      return {
        ...model,
        provider: name,
        usable:
          name === DEMO ||
          (name === WORKERS_AI && 'AI' in ctx.env) ||
          keys.some((one) => one.provider.id === name && one.usable),
        prices_as_of: model.prices === null || priced.has(model.id) ? null : PRICES_AS_OF,
      }
    })
    .filter((model) => provider === undefined || model.provider === provider)
    .filter((model) => ability === undefined || model.abilities.includes(ability))
    .filter((model) => usable === undefined || model.usable === usable)
    .filter(({ id, name }) => wanted === undefined || `${id} ${name}`.toLowerCase().includes(wanted))
  const start = (paging.page - 1) * paging.size
  return toPage(found.slice(start, start + paging.size), found.length, paging)
}
