import { z } from '@hono/zod-openapi'
import { NODE_GROUPS } from '#core/workflow/node-type'
import { NodeTypeView } from '#core/workflow/node-type-view'
import { pageOf, Paging } from '#http/paging'
import { createRoutes, route } from '#http/route'
import { findNodeType } from '#services/nodes/find-node-type'
import { listNodeTypes } from '#services/nodes/list-node-types'

const getNodeTypes = route({
  method: 'get',
  path: '/nodes',
  tag: 'nodes',
  summary: { pt: 'Listar os tipos de nós', en: 'List the node types' },
  permission: 'nodes:read',
  query: Paging.extend({ group: z.enum(NODE_GROUPS).optional(), search: z.string().min(1).max(100).optional() }),
  answers: { 200: pageOf(NodeTypeView).meta({ id: 'NodeTypePage' }) },
})

const getNodeType = route({
  method: 'get',
  path: '/nodes/{type}',
  tag: 'nodes',
  summary: { pt: 'Ler um tipo de nó', en: 'Read a node type' },
  permission: 'nodes:read',
  params: z.object({ type: z.string() }),
  answers: { 200: NodeTypeView },
})

/** The catalog of node types, read only. */
export const nodeRoutes = createRoutes()
  .openapi(getNodeTypes, (c) => c.json(listNodeTypes(c.var.ctx, c.req.valid('query')), 200))
  .openapi(getNodeType, (c) => c.json(findNodeType(c.var.ctx, c.req.valid('param').type), 200))
