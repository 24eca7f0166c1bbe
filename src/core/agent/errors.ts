import { type ErrorKind, kind } from '#core/error-kind'

/** What can go wrong with agents and models. */
export const AGENT_ERRORS = {
  agent_inactive: kind(409, 'O agente {name} está desativado.', 'The agent {name} is deactivated.'),
  agent_budget_reached: kind(
    409,
    'O agente {name} já gastou os US$ {limit} deste mês.',
    'The agent {name} has spent the US$ {limit} of this month.',
  ),
  agent_instructions_failed: kind(
    409,
    'As instruções do agente {name} não puderam ser montadas: {expression}: {reason}',
    'The instructions of the agent {name} could not be put together: {expression}: {reason}',
  ),
  agent_tool_failed: kind(
    409,
    'A ferramenta {tool} do agente não pode ser usada: {reason}',
    'The tool {tool} of the agent cannot be used: {reason}',
  ),
  // The sentence of what was asked: src/llm/messages.ts.
  model_unknown_provider: kind(422, '{reason}', '{reason}'),
  model_not_configured: kind(422, '{reason}', '{reason}'),
  model_refused: kind(422, '{reason}', '{reason}'),
  model_bad_answer: kind(502, '{reason}', '{reason}'),
  model_unavailable: kind(503, '{reason}', '{reason}'),
  model_timeout: kind(503, '{reason}', '{reason}'),
} as const satisfies Record<string, ErrorKind>
