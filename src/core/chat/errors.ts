import { type ErrorKind, kind } from '#core/error-kind'

/** What can go wrong with chats. */
export const CHAT_ERRORS = {
  chat_call_decided: kind(409, 'Isto já foi decidido.', 'This was decided already.'),
  chat_queue_full: kind(
    409,
    'Há mensagens demais esperando nesta conversa.',
    'Too many messages are waiting in this chat.',
  ),
  chat_agent_gone: kind(
    409,
    'O agente desta conversa foi apagado: escolha outro.',
    'The agent of this chat was deleted: choose another.',
  ),
  chat_workflow_gone: kind(
    409,
    'O workflow desta conversa foi apagado: escolha outro.',
    'The workflow of this chat was deleted: choose another.',
  ),
  chat_workflow_unpublished: kind(
    409,
    'O workflow {name} não está publicado: publique-o, e ele responde.',
    'The workflow {name} is not published: publish it, and it answers.',
  ),
  chat_workflow_inactive: kind(
    409,
    'O workflow {name} está desligado: ative-o, e ele responde.',
    'The workflow {name} is switched off: activate it, and it answers.',
  ),
  chat_workflow_deaf: kind(
    409,
    'A versão publicada do workflow {name} não tem um nó trigger.chat: ponha um e publique de novo.',
    'The published version of the workflow {name} has no trigger.chat node: add one and publish again.',
  ),
  chat_message_empty: kind(422, 'A mensagem está vazia.', 'The message is empty.'),
  chat_file_unreadable: kind(
    422,
    'Um anexo vem como data URL ou como arquivo deste workspace; outros endereços não são lidos.',
    'A file comes as a data URL or as a file of this workspace; other addresses are not read.',
  ),
  completion_call_unknown: kind(
    422,
    'A mensagem {index} responde a uma chamada que a conversa não tem.',
    'Message {index} answers a call that the conversation does not have.',
  ),
  completion_tool_taken: kind(
    422,
    'O agente já tem uma ferramenta chamada {name}.',
    'The agent has a tool called {name} already.',
  ),
  completion_model_unknown: kind(
    404,
    'Não há aqui um agente {model}. Use o id ou o slug de um agente, ou provedor/modelo.',
    'There is no agent {model} here. Use the id or slug of an agent, or provider/model.',
  ),
  chat_too_many_files: kind(422, 'Uma mensagem leva até {limit} anexos.', 'A message takes {limit} files at most.'),
  chat_call_unknown: kind(
    404,
    'Nada com este call_id espera por decisão.',
    'Nothing with this call_id waits for a decision.',
  ),
  chat_bad_frame: kind(422, 'Mensagem desconhecida / unknown message.', 'Unknown message.'),
} as const satisfies Record<string, ErrorKind>
