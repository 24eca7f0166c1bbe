import { z } from 'zod'
import { AnyJson } from '#core/json'
import { definePureNode, emit } from '#core/workflow/node-type'
import { isJsonObject } from '#lib/json'

const Handle = z
  .string()
  .min(1)
  .max(100)
  .refine((handle) => handle !== 'error', 'the handle error is for failures')

const DEFAULT_FALLBACK = 'fallback'

export const switchNode = definePureNode({
  type: 'switch',
  group: 'flow',
  icon: 'route',
  title: { pt: 'Escolha', en: 'Switch' },
  description: {
    pt: 'Passa a entrada adiante pela primeira saída cuja condição vale; se nenhuma vale, por "fallback".',
    en: 'Passes its input on through the first handle whose condition holds; when none does, through "fallback".',
  },
  ports: { in: ['in'], out: [DEFAULT_FALLBACK] },
  config: z.strictObject({
    cases: z
      .array(
        z.strictObject({
          handle: Handle,
          condition: AnyJson.optional().describe('An expression, with or without braces.'),
        }),
      )
      .min(1)
      .max(100),
    fallback: Handle.default(DEFAULT_FALLBACK).describe('The handle when no condition holds.'),
  }),
  expressions: ['cases.*.condition'],
  handlesOf: ({ cases, fallback }) =>
    [...(Array.isArray(cases) ? cases.map((one) => (isJsonObject(one) ? one['handle'] : null)) : []), fallback].filter(
      (handle) => typeof handle === 'string',
    ),
  example: {
    config: { cases: [{ handle: 'large', condition: '$input.total > 100' }], fallback: 'small' },
    input: { total: 250 },
    output: { total: 250 },
  },
  decide: ({ config, input }) => emit(input, config.cases.find((one) => one.condition)?.handle ?? config.fallback),
})
