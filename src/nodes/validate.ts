import { z } from 'zod'
import { AnyJson } from '#core/json'
import { nodeError, NodeFailure } from '#core/workflow/node-error'
import { defineEffectNode, emit } from '#core/workflow/node-type'

export const validate = defineEffectNode({
  type: 'validate',
  group: 'data',
  icon: 'badge-check',
  title: { pt: 'Validar', en: 'Validate' },
  description: {
    pt: 'Compara um valor com um JSON Schema: sai por "valid" com o valor, ou por "invalid" com o valor e os erros.',
    en: 'Checks a value against a JSON Schema: leaves by "valid" with the value, or by "invalid" with value and errors.',
  },
  ports: { in: ['in'], out: ['valid', 'invalid'] },
  config: z.strictObject({
    schema: z
      .union([z.record(z.string(), AnyJson), z.boolean()])
      .describe('A JSON Schema, 2020-12 unless $schema says otherwise.'),
    value: AnyJson.optional().describe('What is checked; by default the input.'),
    on_invalid: z.enum(['branch', 'fail']).default('branch').describe('Leave by "invalid", or fail the node.'),
  }),
  example: {
    config: { schema: { type: 'object', required: ['email'], properties: { email: { type: 'string' } } } },
    input: { email: 'ana@example.com' },
    output: { email: 'ana@example.com' },
  },
  async run(ports, { config: { schema, value, on_invalid: onInvalid }, input }) {
    const checked = value ?? input
    const errors = await ports.validate(schema, checked)
    const [first] = errors
    if (first === undefined) return emit(checked, 'valid')
    if (onInvalid === 'fail') {
      throw new NodeFailure(nodeError('value_invalid', { path: first.path, reason: first.message }))
    }
    return emit({ value: checked, errors: errors.map(({ path, message }) => ({ path, message })) }, 'invalid')
  },
})
