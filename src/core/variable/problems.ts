import type { Sentence } from '#core/messages'

/** What can be wrong with a variable that is sent. */
export const VARIABLE_PROBLEMS = {
  key: {
    pt: 'Use letras sem acento, dígitos e _, sem começar por dígito, até 128.',
    en: 'Use unaccented letters, digits and _, not beginning with a digit, up to 128.',
  },
  value_too_large: { pt: 'Passa de {limit} bytes.', en: 'Exceeds {limit} bytes.' },
  secret_too_short: {
    pt: 'Um segredo tem no mínimo {limit} caracteres.',
    en: 'A secret has at least {limit} characters.',
  },
  host: {
    pt: 'Use um nome como api.example.com ou *.example.com, sem porta nem caminho.',
    en: 'Use a name such as api.example.com or *.example.com, without port or path.',
  },
  hosts_without_secret: { pt: 'Só um segredo se prende a hosts.', en: 'Only a secret is bound to hosts.' },
  too_many_lines: { pt: 'Tem mais de {limit} variáveis.', en: 'Has more than {limit} variables.' },
  value_needed_to_reveal: {
    pt: 'Um segredo só vira variável comum com um valor novo.',
    en: 'A secret becomes a plain variable only with a new value.',
  },
  value_needed_to_widen: {
    pt: 'Para ir a outros hosts o segredo precisa ser informado de novo em value.',
    en: 'To go to other hosts the secret must be given again as value.',
  },
} as const satisfies Record<string, Sentence>
