/** Any is enough: the password flow is what *Authorize* in Swagger UI logs in with, the others take a token or a key. */
export const SECURITY: Record<string, string[]>[] = [{ login: [] }, { bearer: [] }, { api_key: [] }]

export const SECURITY_SCHEMES = {
  login: {
    type: 'oauth2',
    description: 'E-mail (username) e senha. / E-mail (as username) and password.',
    flows: { password: { tokenUrl: '/api/v1/auth/login', scopes: {} } },
  },
  bearer: {
    type: 'http',
    scheme: 'bearer',
    description: 'Um access token ou uma chave de API (sk_…). / An access token or an API key (sk_…).',
  },
  api_key: {
    type: 'apiKey',
    in: 'header',
    name: 'X-API-Key',
    description:
      'Uma chave de API; com Authorization ao lado, vale o Authorization. / An API key; with an Authorization beside it, that one counts.',
  },
} as const

/** Which tenant a request is about; every operation behind a token takes it. */
export const WORKSPACE_HEADER = {
  name: 'X-Workspace-Id',
  in: 'header',
  required: false,
  description:
    'O workspace da requisição; sem ele, o pessoal ou o da chave. / The workspace of the request; else the personal one, or the key’s.',
  schema: { type: 'string', format: 'uuid' },
} as const
