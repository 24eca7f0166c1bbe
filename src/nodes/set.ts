import { z } from 'zod'
import { AnyJson } from '#core/json'
import { definePureNode, emit } from '#core/workflow/node-type'
import { isJsonObject } from '#lib/json'

export const setNode = definePureNode({
  type: 'set',
  group: 'data',
  icon: 'pencil',
  title: { pt: 'Definir campos', en: 'Set fields' },
  description: {
    pt: 'Monta um objeto com os campos dados; com "keep_input", junta-os à entrada.',
    en: 'Makes an object of the given fields; with "keep_input" adds them to the input.',
  },
  ports: { in: ['in'], out: ['out'] },
  config: z.strictObject({
    // A field whose expression gives nothing is left out, as JSON leaves out `undefined`.
    fields: z.record(z.string(), AnyJson.optional()).describe('The fields by name; values may hold expressions.'),
    keep_input: z.boolean().default(false).describe('Start from the input, when it is an object.'),
  }),
  example: {
    config: { fields: { greeting: 'Olá, {{ $input.name }}!' }, keep_input: true },
    input: { name: 'Ana' },
    output: { name: 'Ana', greeting: 'Olá, Ana!' },
  },
  decide({ config, input }) {
    const present = Object.entries(config.fields).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, value]],
    )
    return emit({ ...(config.keep_input && isJsonObject(input) ? input : {}), ...Object.fromEntries(present) })
  },
})
