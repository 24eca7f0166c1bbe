import type { Sentence } from '#core/messages'

/** What the gate may refuse or fail at, and the sentence for each. Parameters: `OutboundError.params`. */
export const OUTBOUND_MESSAGES = {
  outbound_invalid_url: {
    pt: '"{url}" não é um endereço http ou https completo.',
    en: '"{url}" is not a complete http or https address.',
  },
  outbound_url_credentials: {
    pt: 'O endereço de {host} traz usuário ou senha; use a autenticação em vez disso.',
    en: 'The address of {host} carries a user or a password; use authentication instead.',
  },
  outbound_invalid_request: {
    pt: 'A requisição para {host} não é válida: {detail}',
    en: 'The request to {host} is not valid: {detail}',
  },
  outbound_not_allowed: {
    pt: 'O endereço {host} não é permitido: não é público ({kind}). Quem opera o servidor pode liberá-lo em OUTBOUND_ALLOW.',
    en: 'The address {host} is not allowed: it is not public ({kind}). Whoever runs the server can permit it in OUTBOUND_ALLOW.',
  },
  outbound_no_internal_route: {
    pt: 'O endereço {host} está em OUTBOUND_ALLOW, mas esta instalação não alcança redes internas.',
    en: 'The address {host} is in OUTBOUND_ALLOW, but this installation has no way into internal networks.',
  },
  outbound_unreachable: {
    pt: 'Não foi possível abrir {host}: o nome não existe, leva a um endereço que não é permitido (interno) ou o TLS falhou.',
    en: 'Could not open {host}: the name does not exist, leads to an address that is not allowed (internal), or TLS failed.',
  },
  outbound_network: {
    pt: 'A conexão com {host} falhou ou foi interrompida.',
    en: 'The connection to {host} failed or was cut.',
  },
  outbound_timeout: {
    pt: '{host} não terminou de responder em {timeout_ms} ms.',
    en: '{host} did not finish answering within {timeout_ms} ms.',
  },
  outbound_too_large: {
    pt: 'A resposta de {host} passa do limite de {limit} bytes.',
    en: 'The answer of {host} exceeds the limit of {limit} bytes.',
  },
  outbound_too_many_redirects: {
    pt: '{host} redirecionou mais de {limit} vezes.',
    en: '{host} redirected more than {limit} times.',
  },
  outbound_secret_host: {
    pt: 'O segredo {name} não pode ser enviado a {host}.',
    en: 'The secret {name} may not be sent to {host}.',
  },
  outbound_secret_place: {
    pt: 'O segredo {name} está onde não pode ser posto na requisição para {host}.',
    en: 'The secret {name} stands where it cannot be put into the request to {host}.',
  },
} as const satisfies Record<string, Sentence>

export type OutboundCode = keyof typeof OUTBOUND_MESSAGES
