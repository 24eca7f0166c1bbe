import type { SentenceParams, Sentence } from '#core/messages'

const sentence = (pt: string, en: string): Sentence => ({ pt, en })

/** What can be wrong with a graph before it runs. */
export const GRAPH_PROBLEMS = {
  no_nodes: sentence('O workflow não tem nós.', 'The workflow has no nodes.'),
  no_start: sentence('Nenhum nó pode começar a execução.', 'No node can start the execution.'),
  node_without_id: sentence('Um nó não tem um id utilizável.', 'A node has no usable id.'),
  duplicate_node: sentence('O id {node} aparece em mais de um nó.', 'The id {node} appears on more than one node.'),
  unknown_type: sentence('O tipo de nó {type} não existe.', 'The node type {type} does not exist.'),
  bad_data: sentence('Valor inválido: {detail}', 'Invalid value: {detail}'),
  bad_config: sentence('Configuração inválida: {detail}', 'Invalid config: {detail}'),
  bad_settings: sentence('Configuração do workflow inválida: {detail}', 'Invalid workflow setting: {detail}'),
  dangling_edge: sentence(
    'A aresta {edge} liga a um nó que não existe: {node}.',
    'The edge {edge} refers to a node that does not exist: {node}.',
  ),
  duplicate_edge: sentence('A aresta {edge} repete outra.', 'The edge {edge} repeats another.'),
  unknown_handle: sentence(
    'O nó {node} não tem a saída ou entrada {handle}.',
    'The node {node} has no handle {handle}.',
  ),
  stray_return: sentence(
    'O nó {source} devolve ao laço {node}, mas não está no corpo dele.',
    'The node {source} returns to the loop {node}, but is not in its body.',
  ),
  unreachable_node: sentence('Nenhum caminho leva ao nó {node}.', 'No path leads to the node {node}.'),
  unknown_workflow: sentence(
    'Não há neste workspace um workflow {id}.',
    'There is no workflow {id} in this workspace.',
  ),
  unknown_file: sentence('Não há neste workspace um arquivo {id}.', 'There is no file {id} in this workspace.'),
  unknown_agent: sentence('Não há neste workspace um agente {id}.', 'There is no agent {id} in this workspace.'),
  too_many_triggers: sentence(
    'O workflow tem mais de {limit} gatilhos.',
    'The workflow has more than {limit} triggers.',
  ),
  too_many_expressions: sentence(
    'O workflow tem mais de {limit} expressões.',
    'The workflow has more than {limit} expressions.',
  ),
  expression_missing: sentence(
    'O campo {field} precisa ser uma única expressão.',
    'The field {field} must be one single expression.',
  ),
  expression_syntax: sentence(
    'A expressão {expression} não está bem formada: {detail}',
    'The expression {expression} is malformed: {detail}',
  ),
  expression_unsupported: sentence(
    'A expressão {expression} usa algo que aqui não existe: {detail}',
    'The expression {expression} uses what does not exist here: {detail}',
  ),
  expression_unknown_name: sentence(
    'A expressão {expression} usa um nome desconhecido: {detail}',
    'The expression {expression} uses an unknown name: {detail}',
  ),
  expression_unknown_node: sentence(
    'A expressão {expression} fala de um nó que não existe: {detail}',
    'The expression {expression} refers to a node that does not exist: {detail}',
  ),
  secret_not_here: sentence(
    'O campo {field} não pode conter $secrets: nele o segredo ficaria à vista.',
    'The field {field} may not hold $secrets: the secret would show there.',
  ),
  secret_not_named: sentence(
    'A expressão {expression} não diz qual segredo: use $secrets.NOME.',
    'The expression {expression} does not say which secret: use $secrets.NAME.',
  ),
} as const satisfies Record<string, Sentence>

export type GraphProblemCode = keyof typeof GRAPH_PROBLEMS

/** One thing wrong with a graph, and where. */
export interface GraphProblem {
  readonly code: GraphProblemCode
  readonly params: SentenceParams
  readonly nodeId?: string
  readonly edgeId?: string
  /** JSON Pointer into the node (`/data/config/url`) or the settings. */
  readonly path?: string
}
