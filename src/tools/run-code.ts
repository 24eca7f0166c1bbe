import { z } from 'zod'
import { defineTool, offerTool } from '#core/agent/tool-type'
import { AnyJson } from '#core/json'

export const runCode = defineTool({
  type: 'run_code',
  icon: 'code',
  title: { pt: 'Código', en: 'Code' },
  description: {
    pt: 'Roda JavaScript que o modelo escreve, isolado: sem rede, com pouca memória e poucos segundos.',
    en: 'Runs JavaScript that the model writes, isolated: no network, little memory, a few seconds.',
  },
  config: z.strictObject({}),
  example: {},
  offer: (ports) => [
    offerTool({
      name: 'run_code',
      description:
        'Runs JavaScript in a sandbox and gives what it returns. Write the body of a function: read $input, give the result with return. No network, no imports, no timers.',
      input: z.object({
        code: z.string().min(1).max(100_000).describe('e.g. return $input.values.reduce((a, b) => a + b, 0)'),
        input: AnyJson.optional().describe('What the code sees as $input'),
      }),
      run: ({ code, input = null }) => ports.runCode(code, input),
    }),
  ],
})
