import { z } from 'zod'
import { AnyJson, AnyJsonObject } from '#core/json'
import { type Locale, say } from '#core/messages'
import { bareFields } from './fields.ts'
import { type AnyNodeType, NODE_GROUPS } from './node-type.ts'

/** A node type as editors get it. */
export const NodeTypeView = z
  .object({
    type: z.string(),
    group: z.enum(NODE_GROUPS),
    icon: z.string().describe('A name of the Lucide icon set.'),
    title: z.string(),
    description: z.string(),
    ports: z.object({ in: z.array(z.string()), out: z.array(z.string()) }),
    config: AnyJsonObject.describe(
      'JSON Schema of the config; any value may be a text with {{ expressions }} instead.',
    ),
    expressions: z.array(z.string()).describe('Fields that are an expression also without braces.'),
    per_item: z.array(z.string()).describe('Fields that are an expression of $item, or the path of a property of it.'),
    bodies: z.array(z.string()).describe('Fields that are JavaScript, the body of a function.'),
    secrets: z.array(z.string()).describe('Fields that may hold `$secrets.NAME`.'),
    example: z.object({ config: AnyJson, input: AnyJson, output: AnyJson }),
  })
  .meta({ id: 'NodeType' })
export type NodeTypeView = z.infer<typeof NodeTypeView>

/** A node type in a reader's language. Every node can also leave by `error`, when it is told to branch. */
export function toNodeTypeView(type: AnyNodeType, locale: Locale): NodeTypeView {
  const schema = AnyJsonObject.parse(z.toJSONSchema(type.config, { io: 'input', unrepresentable: 'any' }))
  return {
    type: type.type,
    group: type.group,
    icon: type.icon,
    title: say(type.title, locale),
    description: say(type.description, locale),
    ports: { in: [...type.ports.in], out: [...type.ports.out] },
    config: schema,
    expressions: bareFields(type),
    per_item: [...(type.perItem ?? [])],
    bodies: [...(type.bodies ?? [])],
    secrets: [...(type.secrets ?? [])],
    example: type.example,
  }
}
