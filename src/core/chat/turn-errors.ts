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
  turn_workflow_failed: {
    pt: 'A execução {execution} falhou no nó {node}: {reason} Abra a execução, corrija a causa e peça a resposta de novo.',
    en: 'The execution {execution} failed at the node {node}: {reason} Open the execution, mend the cause and ask for the answer again.',
  },
  turn_workflow_ended: {
    pt: 'A execução {execution} terminou sem resposta: {reason} Abra a execução, corrija a causa e peça a resposta de novo.',
    en: 'The execution {execution} ended without an answer: {reason} Open the execution, mend the cause and ask for the answer again.',
  },
  turn_too_large: {
    pt: 'A resposta passa de {limit} caracteres.',
    en: 'The answer exceeds {limit} characters.',
  },
} as const satisfies Record<string, Sentence>
