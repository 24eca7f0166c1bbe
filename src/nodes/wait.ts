import { z } from 'zod'
import { YEAR_MS } from '#core/workflow/graph'
import { nodeError, NodeFailure } from '#core/workflow/node-error'
import { definePureNode } from '#core/workflow/node-type'

export const wait = definePureNode({
  type: 'wait',
  group: 'flow',
  icon: 'timer',
  title: { pt: 'Esperar', en: 'Wait' },
  description: {
    pt: 'Espera um tempo ou até um momento, no máximo um ano, e passa a entrada adiante. Esperar não custa nada.',
    en: 'Waits for a time or until a moment, at most a year, and passes its input on. Waiting costs nothing.',
  },
  ports: { in: ['in'], out: ['out'] },
  config: z
    .strictObject({
      duration_ms: z.number().min(0).max(YEAR_MS).optional(),
      until: z
        .union([z.iso.datetime({ offset: true, local: false }), z.iso.date()])
        .optional()
        .describe('ISO 8601 with its time zone; a date alone is midnight in UTC.'),
    })
    .refine(({ duration_ms, until }) => (duration_ms === undefined) !== (until === undefined), {
      path: ['duration_ms'],
      message: 'either duration_ms or until',
    }),
  example: { config: { duration_ms: 60_000 }, input: { order: 7 }, output: { order: 7 } },
  decide({ config, now }) {
    const until = config.until === undefined ? now + Math.ceil(config.duration_ms ?? 0) : Date.parse(config.until)
    if (until > now + YEAR_MS) throw new NodeFailure(nodeError('wait_too_long', {}))
    return { kind: 'wait', wait: { for: 'time', until } }
  },
})
