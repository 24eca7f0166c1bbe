import type { Catalog } from '#core/workflow/node-type'
import { httpRequest } from './http-request.ts'
import { ifNode } from './if.ts'
import { llm } from './llm.ts'
import { setNode } from './set.ts'
import { triggerManual } from './trigger-manual.ts'

/** Every node type there is: the engine's dispatch, `GET /api/v1/nodes` and the editor's forms come from here. */
export const catalog = {
  'trigger.manual': triggerManual,
  if: ifNode,
  set: setNode,
  llm,
  'http.request': httpRequest,
} satisfies Catalog
