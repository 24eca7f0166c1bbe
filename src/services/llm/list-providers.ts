import type { ProviderView } from '#core/llm/provider-view'
import { DEMO, WORKERS_AI } from '#llm/providers'
import type { Ctx } from '#services/context'
import { findKeys } from './find-keys.ts'

/** Every provider that can be named here, the demo first. */
export async function listProviderViews(ctx: Ctx): Promise<readonly ProviderView[]> {
  const demo = { id: DEMO, wire: 'demo' as const, usable: true, key: null, key_name: null }
  const workersAi = { id: WORKERS_AI, wire: WORKERS_AI, usable: true, key: null, key_name: null } as const
  const keyed = await findKeys(ctx)
  return [
    demo,
    ...('AI' in ctx.env ? [workersAi] : []),
    ...keyed.map(({ provider: { id, wire, keyName }, key, usable }) => ({ id, wire, usable, key, key_name: keyName })),
  ]
}
