import { type AnyToolType, type ToolTypeView, toToolTypeView } from '#core/agent/tool-type'
import type { Ctx } from '#services/context'
import { toolCatalog } from '#tools/catalog'

/** The kinds of tools that an agent can have, in the reader's language. */
export function listToolTypes({ locale }: Pick<Ctx, 'locale'>): ToolTypeView[] {
  return Object.values<AnyToolType>(toolCatalog).map((type) => toToolTypeView(type, locale))
}
