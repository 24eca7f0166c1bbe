/** Either is enough: the password flow is what *Authorize* in Swagger UI logs in with, the other takes a token. */
export const SECURITY: Record<string, string[]>[] = [{ login: [] }, { bearer: [] }]

export const SECURITY_SCHEMES = {
  login: {
    type: 'oauth2',
    description: 'E-mail (username) e senha. / E-mail (as username) and password.',
    flows: { password: { tokenUrl: '/api/v1/auth/login', scopes: {} } },
  },
  bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
} as const

/** Which tenant a request is about; every operation behind a token takes it. */
export const WORKSPACE_HEADER = {
  name: 'X-Workspace-Id',
  in: 'header',
  required: false,
  description: 'O workspace da requisição; sem ele, o pessoal. / The workspace of the request; else the personal one.',
  schema: { type: 'string', format: 'uuid' },
} as const
