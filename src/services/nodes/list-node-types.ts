import { type Page, type Paging, toPage } from '#core/page'
import type { NodeGroup } from '#core/workflow/node-type'
import { type NodeTypeView, toNodeTypeView } from '#core/workflow/node-type-view'
import { catalog } from '#nodes/catalog'
import type { Ctx } from '#services/context'

/** The catalog of node types, as editors get it. */
export function listNodeTypes(
  ctx: Pick<Ctx, 'locale'>,
  {
    group,
    search,
    ...paging
  }: Paging & { readonly group?: NodeGroup | undefined; readonly search?: string | undefined },
): Page<NodeTypeView> {
  const wanted = search?.toLowerCase()
  const found = Object.values(catalog)
    .map((type) => toNodeTypeView(type, ctx.locale))
    .filter((type) => group === undefined || type.group === group)
    .filter(
      (type) => wanted === undefined || `${type.type} ${type.title} ${type.description}`.toLowerCase().includes(wanted),
    )
  const start = (paging.page - 1) * paging.size
  return toPage(found.slice(start, start + paging.size), found.length, paging)
}
