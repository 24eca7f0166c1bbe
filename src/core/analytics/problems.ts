import type { Sentence } from '#core/messages'

/** What can be wrong with what is asked of analytics. */
export const ANALYTICS_PROBLEMS = {
  range: {
    pt: 'O período deve começar antes de terminar e ter no máximo dez anos.',
    en: 'The span must begin before it ends and be ten years at most.',
  },
  time_zone: {
    pt: 'Use um fuso da lista IANA, como America/Sao_Paulo.',
    en: 'Use a time zone of the IANA list, such as America/Sao_Paulo.',
  },
  too_many_points: {
    pt: 'Daria mais de {limit} pontos: use um intervalo maior ou um período menor.',
    en: 'This would be more than {limit} points: take a longer interval or a shorter span.',
  },
  group: {
    pt: 'Esta métrica não se divide assim.',
    en: 'This metric is not told by that.',
  },
} as const satisfies Record<string, Sentence>
