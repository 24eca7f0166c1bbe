import type { Sentence } from '#core/messages'

/** Why an answer ended before its end, as people read it. */
export const TURN_ERRORS = {
  turn_interrupted: {
    pt: 'A resposta foi interrompida por uma falha do servidor; o que já tinha chegado está guardado.',
    en: 'A failure of the server interrupted the answer; what had come is kept.',
  },
  turn_failed: {
    pt: 'A resposta falhou por um erro interno.',
    en: 'The answer failed because of an internal error.',
  },
  turn_gave_up: {
    pt: 'A resposta foi retomada {limit} vezes depois de falhas e não chegou ao fim.',
    en: 'The answer was taken up again {limit} times after failures and did not come to its end.',
  },
  turn_too_large: {
    pt: 'A resposta passa de {limit} caracteres.',
    en: 'The answer exceeds {limit} characters.',
  },
} as const satisfies Record<string, Sentence>
