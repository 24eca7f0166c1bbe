import { ScheduleConfig } from '#core/triggers/schedule'
import { definePureNode, emit } from '#core/workflow/node-type'

const rung = { type: 'schedule', scheduled_at: '2026-11-23T11:00:00.000Z', time_zone: 'America/Sao_Paulo' }

export const triggerSchedule = definePureNode({
  type: 'trigger.schedule',
  group: 'triggers',
  icon: 'calendar-clock',
  title: { pt: 'Agenda', en: 'Schedule' },
  description: {
    pt: 'Começa em horários (cron com fuso) ou a cada intervalo. A saída, e `$trigger`, diz para que horário.',
    en: 'Begins at times (cron with a time zone) or at intervals. Its output, and `$trigger`, says for which time.',
  },
  ports: { in: [], out: ['out'] },
  config: ScheduleConfig,
  example: { config: { cron: '0 8 * * 1-5', time_zone: 'America/Sao_Paulo' }, input: rung, output: rung },
  decide: ({ trigger }) => emit(trigger),
})
