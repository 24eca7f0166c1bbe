import { DEMO, listProviders, type Provider } from '#llm/providers'
import type { Ctx } from '#services/context'
import { isUsableSecret } from '#services/variables/is-usable-secret'

/** A provider as a workspace has it. */
export interface KeyedProvider {
  readonly provider: Provider
  readonly key: 'workspace' | 'installation' | null
  readonly usable: boolean
}

/** Every provider but the demo, with whose key it would be asked. */
export async function findKeys(ctx: Ctx): Promise<readonly KeyedProvider[]> {
  const providers = [...listProviders(ctx.config).values()].filter(({ id }) => id !== DEMO)
  const { variables } = ctx.db.tables
  const { workspaceId } = ctx.principal
  const names = providers.map(({ keyName }) => keyName)
  const own = await ctx.db
    .select({ key: variables.key })
    .from(variables)
    .where(isUsableSecret(variables, workspaceId, names))
  return providers.map((provider) => {
    const isOwn = own.some(({ key }) => key === provider.keyName)
    const key = isOwn ? 'workspace' : provider.apiKey === undefined ? null : 'installation'
    return { provider, key, usable: key !== null || !provider.needsKey }
  })
}
