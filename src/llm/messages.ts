import type { Sentence } from '#core/messages'

/** What a model call may fail at, and the sentence for each. Parameters: `ModelError.params`. */
export const MODEL_MESSAGES = {
  model_unknown_provider: {
    pt: 'O modelo "{model}" não indica um provedor conhecido. Escreva provedor/modelo; provedores aqui: {known}.',
    en: 'The model "{model}" names no provider that is known here. Write provider/model; providers here: {known}.',
  },
  model_not_configured: {
    pt: 'O provedor {provider} não está configurado: falta {setting}.',
    en: 'The provider {provider} is not configured: {setting} is missing.',
  },
  model_refused: {
    pt: '{provider} recusou o pedido para o modelo {model} ({detail}).',
    en: '{provider} refused the request for the model {model} ({detail}).',
  },
  model_unavailable: {
    pt: '{provider} não está disponível agora ({detail}).',
    en: '{provider} is not available right now ({detail}).',
  },
  model_timeout: {
    pt: '{provider} não respondeu a tempo ({detail}).',
    en: '{provider} did not answer in time ({detail}).',
  },
  model_bad_answer: {
    pt: '{provider} deu uma resposta que não se entende ({detail}).',
    en: '{provider} gave an answer that cannot be understood ({detail}).',
  },
} as const satisfies Record<string, Sentence>

export type ModelErrorCode = keyof typeof MODEL_MESSAGES
