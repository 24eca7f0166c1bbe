import { AppError } from '#core/errors'
import type { Catalog } from '#core/workflow/node-type'
import { type NodeTypeView, toNodeTypeView } from '#core/workflow/node-type-view'
import { catalog } from '#nodes/catalog'
import type { Ctx } from '#services/context'

/** @throws AppError `not_found` */
export function findNodeType(ctx: Pick<Ctx, 'locale'>, name: string): NodeTypeView {
  const types: Catalog = catalog
  const type = Object.hasOwn(types, name) ? types[name] : undefined
  if (type === undefined) throw new AppError('not_found')
  return toNodeTypeView(type, ctx.locale)
}
