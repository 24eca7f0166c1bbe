import { z } from 'zod'
import { AnyJson } from '#core/json'
import { type Locale, type SentenceParams, say, type Sentence } from '#core/messages'
import type { Json } from '#lib/json'

const sentence = (pt: string, en: string): Sentence => ({ pt, en })

/** Why a node or an execution failed, as people read it. */
export const NODE_ERRORS = {
  expression_failed: sentence(
    'A expressão {expression} falhou: {reason}',
    'The expression {expression} failed: {reason}',
  ),
  expression_failed_at: sentence(
    'A expressão {expression} falhou no item {index}: {reason}',
    'The expression {expression} failed at item {index}: {reason}',
  ),
  agent_needs_person: sentence(
    'O agente {name} pode perguntar a uma pessoa ({tools}), e num workflow não há a quem: tire essas ferramentas dele, ou use um nó de aprovação.',
    'The agent {name} may ask a person ({tools}), and a workflow has nobody to ask: take these tools from it, or use an approval node.',
  ),
  code_failed: sentence('O código falhou: {reason}', 'The code failed: {reason}'),
  not_a_list: sentence('{field} precisa ser uma lista.', '{field} must be a list.'),
  not_text_or_list: sentence('{field} precisa ser um texto ou uma lista.', '{field} must be a text or a list.'),
  bad_item: sentence(
    'Item {index}: {field} é {found}, esperava-se {expected}.',
    'Item {index}: {field} is {found}, {expected} was expected.',
  ),
  value_invalid: sentence(
    'O valor não segue o esquema: {path} {reason}',
    'The value does not follow the schema: {path} {reason}',
  ),
  sandbox_memory: sentence(
    'O código passou do limite de {limit} MiB de memória.',
    'The code exceeded the memory limit of {limit} MiB.',
  ),
  sandbox_steps: sentence(
    'O código passou do limite de computação: um laço sem fim?',
    'The code exceeded the computing limit: an endless loop?',
  ),
  sandbox_stack: sentence('O código passou do limite de recursão.', 'The code exceeded the recursion limit.'),
  sandbox_time: sentence(
    'O código passou do tempo limite de {limit} ms.',
    'The code exceeded the time limit of {limit} ms.',
  ),
  sandbox_result: sentence(
    'O resultado do código passa de {limit} bytes.',
    'The result of the code exceeds {limit} bytes.',
  ),
  sandbox_scope: sentence(
    'Os valores que o código usa passam de {limit} bytes.',
    'The values that the code uses exceed {limit} bytes.',
  ),
  sandbox_crash: sentence('O código derrubou o lugar onde rodava.', 'The code broke the place where it ran.'),
  sandbox_busy: sentence(
    'Há código demais na fila; tente de novo em instantes.',
    'Too much code is waiting to run; try again in a moment.',
  ),
  sandbox_unavailable: sentence(
    'O lugar onde o código roda não respondeu.',
    'The place where code runs did not answer.',
  ),
  config_invalid: sentence('A configuração avaliada é inválida: {reason}', 'The evaluated config is invalid: {reason}'),
  http_status: sentence('{method} {url} respondeu {status}.', '{method} {url} answered {status}.'),
  http_next_elsewhere: sentence(
    'A próxima página está em {host}, não em {expected}: credenciais não vão para outro servidor.',
    'The next page is at {host}, not at {expected}: credentials do not go to another server.',
  ),
  model_answer_invalid: sentence(
    'A resposta de {model} não segue o esquema, nem pedida de novo: {path} {reason}',
    'The answer of {model} does not follow the schema, not even when asked again: {path} {reason}',
  ),
  output_too_large: sentence('A saída passa de {limit} bytes.', 'The output exceeds {limit} bytes.'),
  output_too_deep: sentence('A saída passa de {limit} níveis.', 'The output nests deeper than {limit} levels.'),
  config_too_large: sentence(
    'A configuração avaliada passa de {limit} bytes.',
    'The evaluated config exceeds {limit} bytes.',
  ),
  run_too_large: sentence(
    'As saídas da execução passam de {limit} bytes ao todo.',
    'The outputs of the execution exceed {limit} bytes in all.',
  ),
  node_timeout: sentence(
    'O nó passou do tempo limite de {limit} ms.',
    'The node exceeded its time limit of {limit} ms.',
  ),
  execution_timeout: sentence(
    'A execução passou do tempo limite de {limit} ms.',
    'The execution exceeded its time limit of {limit} ms.',
  ),
  too_many_visits: sentence(
    'Limite de {limit} visitas alcançado no nó {node}.',
    'The limit of {limit} visits was reached at node {node}.',
  ),
  wait_too_long: sentence('Uma espera dura no máximo um ano.', 'A wait lasts a year at most.'),
  loops_too_deep: sentence('Mais de {limit} laços um dentro do outro.', 'More than {limit} loops within one another.'),
  stopped: sentence('A execução foi parada: {reason}', 'The execution was stopped: {reason}'),
  child_failed: sentence(
    'A execução iniciada terminou como {status}: {reason}',
    'The execution that was started ended as {status}: {reason}',
  ),
  workflow_unavailable: sentence(
    'O workflow {id} não pode ser executado: {reason}',
    'The workflow {id} cannot be executed: {reason}',
  ),
  reference_gone: sentence(
    'O workflow fala em {path} de {id}, que não há mais neste workspace. Corrija e publique de novo.',
    'The workflow speaks in {path} of {id}, which this workspace has no more. Mend it and publish again.',
  ),
  too_deep: sentence(
    'Mais de {limit} execuções iniciadas umas pelas outras.',
    'More than {limit} executions started by one another.',
  ),
  values_too_large: sentence(
    'Os valores que o nó usa passam de {limit} bytes ao todo.',
    'The values that the node uses exceed {limit} bytes in all.',
  ),
  value_missing: sentence(
    'Um valor grande desta execução não existe mais ({sha256}).',
    'A large value of this execution is there no more ({sha256}).',
  ),
  storage_unavailable: sentence(
    'O armazenamento de valores grandes não está disponível; o nó espera por ele.',
    'The storage of large values is not available; the node waits for it.',
  ),
  file_missing: sentence('Não há neste workspace um arquivo {id}.', 'There is no file {id} in this workspace.'),
  file_unreadable: sentence('O arquivo {id} não se lê como {as}.', 'The file {id} cannot be read as {as}.'),
  database_unavailable: sentence(
    'O banco de dados não está disponível; o nó espera por ele.',
    'The database is not available; the node waits for it.',
  ),
  interrupted: sentence(
    'O servidor parou no meio; o nó roda de novo.',
    'The server stopped midway; the node runs again.',
  ),
  interrupted_too_often: sentence(
    'O servidor parou {limit} vezes durante este nó.',
    'The server stopped {limit} times during this node.',
  ),
  secret_missing: sentence(
    'O segredo {name} não existe ou não está ativo.',
    'The secret {name} does not exist or is not active.',
  ),
  secret_unreadable: sentence(
    'O segredo {name} não pode ser decifrado: informe o valor de novo.',
    'The secret {name} cannot be decrypted: give its value again.',
  ),
  unexpected: sentence('Erro inesperado no nó.', 'Unexpected error in the node.'),
} as const satisfies Record<string, Sentence>

export type NodeErrorCode = keyof typeof NODE_ERRORS

/** An error as it is stored, sent to watchers and carried on by the `error` handle. */
export const NodeError = z.object({
  /** One of `NODE_ERRORS`, or the code of the adapter that failed (`outbound_…`, `model_…`). */
  code: z.string(),
  message: z.string(),
  node_id: z.string().optional(),
  /** The same sentence in the other language. */
  message_en: z.string(),
  status: z.int().optional(),
  body: AnyJson.optional(),
})
export type NodeError = z.infer<typeof NodeError>

/** What a node throws: the error, and whether another attempt may help. */
export class NodeFailure extends Error {
  override readonly name = 'NodeFailure'
  readonly error: NodeError
  readonly retryable: boolean
  readonly retryAfterMs: number | undefined
  readonly isOurs: boolean

  constructor(
    error: NodeError,
    options: {
      readonly retryable?: boolean
      readonly retryAfterMs?: number | undefined
      /** Something of ours is away: the visit waits for it and uses up no attempt. */
      readonly isOurs?: boolean
    } = {},
  ) {
    super(error.message)
    this.error = error
    this.retryable = options.retryable ?? false
    this.retryAfterMs = options.retryAfterMs
    this.isOurs = options.isOurs ?? false
  }
}

/** An error is part of an event: what a config or a server put into it may not make it too large to be stored. */
const MAX_PARAM_LENGTH = 500

function shorten(params: SentenceParams): SentenceParams {
  const cut = (text: string) => (text.length > MAX_PARAM_LENGTH ? `${text.slice(0, MAX_PARAM_LENGTH)}…` : text)
  const cutEach = (value: SentenceParams[string]): SentenceParams[string] => {
    if (typeof value === 'number') return value
    return typeof value === 'string' ? cut(value) : { pt: cut(value.pt), en: cut(value.en) }
  }
  return Object.fromEntries(Object.entries(params).map(([name, value]) => [name, cutEach(value)]))
}

/** Builds the stored form out of a sentence. */
export function toNodeError(
  code: string,
  text: Sentence,
  params: SentenceParams = {},
  more: { status?: number; body?: Json } = {},
) {
  const short = shorten(params)
  return {
    code,
    message: say(text, 'pt', short),
    message_en: say(text, 'en', short),
    ...more,
  } satisfies NodeError
}

/** One of ours, by its code. */
export function nodeError(
  code: NodeErrorCode,
  params: SentenceParams = {},
  more: { status?: number; body?: Json } = {},
): NodeError {
  return toNodeError(code, NODE_ERRORS[code], params, more)
}

/** The error as a reader of this language gets it. */
export function localizeNodeError(error: NodeError, locale: Locale): NodeError {
  return locale === 'en' ? { ...error, message: error.message_en } : error
}
