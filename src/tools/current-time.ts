import { z } from 'zod'
import { ToolFailure } from '#core/agent/tool'
import { defineTool, offerTool } from '#core/agent/tool-type'

const TimeZone = z.string().min(1).max(100).describe('IANA name, e.g. America/Sao_Paulo')

export const currentTime = defineTool({
  type: 'current_time',
  icon: 'clock',
  title: { pt: 'Hora atual', en: 'Current time' },
  description: {
    pt: 'Diz ao modelo a data e a hora, num fuso horário.',
    en: 'Tells the model date and time, in a time zone.',
  },
  config: z.strictObject({ time_zone: TimeZone.default('UTC') }),
  example: { time_zone: 'America/Sao_Paulo' },
  offer: (ports, { time_zone: known }) => [
    offerTool({
      name: 'current_time',
      description: `The current date and time, in ${known} or in the time zone that you name.`,
      input: z.object({ time_zone: TimeZone.optional() }),
      async run({ time_zone: zone = known }) {
        const now = new Date(ports.now())
        return { time_zone: zone, local: toLocal(now, zone), utc: now.toISOString() }
      },
    }),
  ],
})

function toLocal(now: Date, timeZone: string): string {
  try {
    return new Intl.DateTimeFormat('en-GB', { dateStyle: 'full', timeStyle: 'long', timeZone }).format(now)
  } catch {
    throw new ToolFailure('invalid_input', `/time_zone: "${timeZone}" is no IANA time zone`)
  }
}
