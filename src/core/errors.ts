import { AGENT_ERRORS } from './agent/errors.ts'
import { BUDGET_ERRORS } from './budgets/errors.ts'
import { CHAT_ERRORS } from './chat/errors.ts'
import { type ErrorKind, kind } from './error-kind.ts'
import { FILE_ERRORS } from './files/errors.ts'
import type { Params, SentenceParams, Sentence } from './messages.ts'

/** What can go wrong in a request: the HTTP status and the sentence. `src/http/errors.ts` makes the answer of it. */
export const ERRORS = {
  malformed_json: kind(400, 'O corpo não é um JSON válido.', 'The body is not valid JSON.'),
  malformed_yaml: kind(
    400,
    'O corpo não é um YAML que possamos ler, linha {line}: {detail}',
    'The body is no YAML that we can read, line {line}: {detail}',
  ),
  bad_request: kind(400, 'A requisição não pôde ser entendida.', 'The request could not be understood.'),
  invalid_token: kind(
    400,
    'Este link não vale mais: foi usado, expirou ou há um mais novo. Peça outro.',
    'This link is no longer valid: it was used, has expired, or there is a newer one. Ask for another.',
  ),
  // These two are fixed by the contract; older clients compare them.
  not_authenticated: kind(401, 'Not authenticated', 'Not authenticated'),
  invalid_credentials: kind(401, 'Credenciais inválidas', 'Invalid credentials'),
  hook_unauthorized: kind(
    401,
    'A assinatura ou o token deste webhook falta, não confere ou está fora do tempo.',
    'The signature or the token of this webhook is missing, wrong or out of time.',
  ),
  forbidden: kind(403, 'Você não tem permissão para isso.', 'You are not allowed to do that.'),
  insufficient_scope: kind(
    403,
    'Esta chave de API não tem o escopo {scope}.',
    'This API key does not have the scope {scope}.',
  ),
  scope_not_grantable: kind(
    403,
    'Você não pode dar o escopo {scope}, porque não o tem.',
    'You cannot give the scope {scope}, since you do not have it.',
  ),
  // A key never reaches the account itself.
  session_required: kind(
    403,
    'Isto pede uma sessão: entre com e-mail e senha; chaves de API não servem.',
    'This takes a session: log in with e-mail and password; API keys will not do.',
  ),
  registration_closed: kind(
    403,
    'O cadastro está fechado nesta instalação.',
    'Registration is closed on this installation.',
  ),
  registration_by_invitation: kind(
    403,
    'O cadastro nesta instalação é só por convite.',
    'Registration on this installation is by invitation only.',
  ),
  not_approver: kind(403, 'Esta decisão é de outras pessoas.', 'This decision is for other people.'),
  // Not a 401: the session stands, and clients would end it.
  wrong_password: kind(403, 'A senha atual não confere.', 'The current password is wrong.'),
  not_found: kind(404, 'Não encontrado.', 'Not found.'),
  method_not_allowed: kind(405, 'Este endereço não aceita {method}.', 'This address does not accept {method}.'),
  email_taken: kind(409, 'Este e-mail já está cadastrado.', 'This e-mail address is already registered.'),
  username_taken: kind(409, 'Este nome de usuário já existe.', 'This username is already taken.'),
  last_admin: kind(
    409,
    'Esta é a única conta de administrador, e há outras contas: torne outra pessoa administradora antes.',
    'This is the only administrator account, and there are other accounts: make somebody else administrator first.',
  ),
  last_owner: kind(
    409,
    'Ficaria sem proprietário: {workspaces}. Transfira a propriedade ou apague o workspace antes.',
    'This would be left without an owner: {workspaces}. Transfer the ownership or delete the workspace first.',
  ),
  personal_workspace: kind(
    409,
    'Este é um workspace pessoal, que é de uma só pessoa e fica com a conta. Crie um workspace de equipe para isso.',
    'This is a personal workspace, which is one person’s alone and stays with the account. Create a team workspace for that.',
  ),
  already_member: kind(
    409,
    'Esta pessoa já é membro do workspace.',
    'This person is already a member of the workspace.',
  ),
  too_many_invitations: kind(
    409,
    'O workspace já tem {limit} convites abertos: revogue algum ou espere que sejam aceitos.',
    'The workspace already has {limit} open invitations: revoke one or wait until some are accepted.',
  ),
  too_many_subscriptions: kind(
    409,
    'Este workspace já avisa {limit} endereços dos seus eventos.',
    'This workspace tells {limit} addresses of its events already.',
  ),
  subscription_inactive: kind(
    409,
    'Esta assinatura de eventos está desligada; ligue-a primeiro.',
    'This subscription is turned off; turn it on first.',
  ),
  too_many_api_keys: kind(
    409,
    'Você já tem {limit} chaves de API neste workspace: revogue uma antes.',
    'You already have {limit} API keys in this workspace: revoke one first.',
  ),
  variable_exists: kind(409, 'Já existe uma variável com este nome.', 'There is already a variable with this key.'),
  too_many_variables: kind(
    409,
    'O workspace já tem {limit} variáveis.',
    'The workspace already has {limit} variables.',
  ),
  slug_taken: kind(409, 'O slug {slug} já está em uso.', 'The slug {slug} is taken.'),
  workflow_changed: kind(
    409,
    'O rascunho mudou enquanto isso: leia de novo (a versão agora é {version}) e repita.',
    'The draft has changed in the meantime: read it again (its version is {version} now) and repeat.',
  ),
  execution_finished: kind(409, 'A execução já terminou.', 'The execution has already finished.'),
  execution_not_retryable: kind(
    409,
    'Só se repete uma execução que terminou sem se completar e cujos dados ainda existem; esta está {status}.',
    'Only an execution that ended without completing, and whose data are still kept, can be retried; this one is {status}.',
  ),
  signals_full: kind(
    409,
    'A execução já guarda sinais demais que ninguém espera.',
    'The execution already keeps too many signals that nothing waits for.',
  ),
  already_approved: kind(409, 'Isto já foi aprovado por {by}.', 'This was already approved by {by}.'),
  already_rejected: kind(409, 'Isto já foi recusado por {by}.', 'This was already rejected by {by}.'),
  approval_over: kind(
    409,
    'Isto não espera mais por decisão: o prazo passou ou a execução terminou.',
    'This waits for no decision any more: the time is over or the execution has ended.',
  ),
  body_too_large: kind(
    413,
    'O corpo passa do limite de {limit} bytes.',
    'The body exceeds the limit of {limit} bytes.',
  ),
  unsupported_media_type: kind(415, 'Envie o corpo como {expected}.', 'Send the body as {expected}.'),
  validation_failed: kind(422, 'Os dados enviados têm problemas.', 'The data sent has problems.'),
  json_too_deep: kind(422, 'O JSON passa de {limit} níveis.', 'The JSON nests deeper than {limit} levels.'),
  workflow_invalid: kind(
    422,
    'O workflow tem problemas e não pode ser executado nem publicado.',
    'The workflow has problems and can be neither executed nor published.',
  ),
  variables_too_large: kind(
    422,
    'As variáveis de que o workflow fala passam de {limit} bytes ao todo.',
    'The variables that the workflow speaks of exceed {limit} bytes in all.',
  ),
  idempotency_key_reused: kind(
    422,
    'Esta Idempotency-Key já foi usada com outra requisição.',
    'This Idempotency-Key was already used with another request.',
  ),
  upgrade_required: kind(426, 'Abra este endereço como websocket.', 'Open this address as a websocket.'),
  too_many_attempts: kind(
    429,
    'Tentativas demais. Tente de novo em {seconds} s.',
    'Too many attempts. Try again in {seconds} s.',
  ),
  rate_limited: kind(
    429,
    'Pedidos demais. Tente de novo em {seconds} s.',
    'Too many requests. Try again in {seconds} s.',
  ),
  too_many_at_once: kind(
    429,
    'Pedidos demais ao mesmo tempo. Tente de novo em {seconds} s.',
    'Too many requests at the same time. Try again in {seconds} s.',
  ),
  misconfigured: kind(
    503,
    'O servidor não está configurado por completo; o log diz o que falta.',
    'The server is not fully configured; its log says what is missing.',
  ),
  internal: kind(500, 'Erro interno. Informe o request_id.', 'Internal error. Please quote the request_id.'),
  database_unavailable: kind(
    503,
    'O banco de dados não está disponível. Tente de novo em instantes.',
    'The database is not available. Try again in a moment.',
  ),
  hook_unavailable: kind(
    503,
    'O workflow deste webhook não pode rodar agora; quem o mantém vê o motivo.',
    'The workflow of this webhook cannot run now; its owner sees why.',
  ),
  busy: kind(503, 'Muitos pedidos ao mesmo tempo. Tente de novo em instantes.', 'Too busy. Try again in a moment.'),
  ...FILE_ERRORS,
  ...AGENT_ERRORS,
  ...BUDGET_ERRORS,
  ...CHAT_ERRORS,
} as const satisfies Record<string, ErrorKind>

export type ErrorCode = keyof typeof ERRORS

/** One thing wrong with the input: where (a JSON Pointer, RFC 6901, or a parameter's name) and what. */
export interface InputProblem {
  readonly pointer: string
  /** Where the pointer points when not into the body. */
  readonly in?: 'query' | 'path' | 'header'
  readonly sentence: Sentence
  readonly params?: SentenceParams
}

interface AppErrorDetails {
  readonly params?: Params
  readonly problems?: readonly InputProblem[]
  readonly retryAfterSeconds?: number
  /** What really happened: for the log, never for the client. */
  readonly cause?: unknown
}

/** The one family of errors thrown above core; mapped to the wire in `src/http/errors.ts` alone. */
export class AppError extends Error {
  override readonly name = 'AppError'
  readonly code: ErrorCode
  readonly params: Params
  readonly problems: readonly InputProblem[] | undefined
  readonly retryAfterSeconds: number | undefined

  constructor(code: ErrorCode, details: AppErrorDetails = {}) {
    super(code, { cause: details.cause })
    this.code = code
    this.params = details.params ?? {}
    this.problems = details.problems
    this.retryAfterSeconds = details.retryAfterSeconds
  }
}
