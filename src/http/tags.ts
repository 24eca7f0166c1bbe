import type { Sentence } from '#core/messages'

/** The chapters of the document, in the order in which it shows them. */
export const TAGS = {
  auth: {
    pt: 'Cadastro, entrada, sessões e a própria conta',
    en: 'Registration, login, sessions and your own account',
  },
  workspaces: {
    pt: 'Workspaces, seus membros e convites',
    en: 'Workspaces, their members and invitations',
  },
  audit: { pt: 'Quem fez o quê, quando e de onde', en: 'Who did what, when and from where' },
  'api-keys': { pt: 'Chaves com que programas entram', en: 'Keys that programs come in with' },
  workflows: { pt: 'Grafos de nós e suas versões', en: 'Graphs of nodes and their versions' },
  agents: { pt: 'Modelo, instruções, ferramentas e limites', en: 'Model, instructions, tools and limits' },
  executions: { pt: 'O que roda, rodou ou espera', en: 'What runs, ran or waits' },
  approvals: { pt: 'O que espera pela decisão de pessoas', en: 'What waits for people to decide' },
  chats: { pt: 'Conversas com agentes', en: 'Chats with agents' },
  openai: { pt: 'Agentes para clientes da OpenAI', en: "Agents for OpenAI's clients" },
  variables: { pt: 'Variáveis e segredos dos workflows', en: 'Variables and secrets of the workflows' },
  files: { pt: 'Arquivos do workspace', en: 'Files of the workspace' },
  events: { pt: 'Endereços avisados do que acontece', en: 'Addresses that are told what happens' },
  nodes: { pt: 'O catálogo dos tipos de nós', en: 'The catalog of node types' },
  llm: { pt: 'Modelos de linguagem e seus provedores', en: 'Language models and their providers' },
  budgets: { pt: 'O que os modelos podem custar', en: 'What models may cost' },
  analytics: { pt: 'O que o workspace consumiu', en: 'What the workspace has used' },
  sockets: { pt: 'Bilhetes para websockets', en: 'Tickets for websockets' },
  system: { pt: 'Saúde e apresentação do serviço', en: 'Health and introduction of the service' },
} as const satisfies Record<string, Sentence>

export type Tag = keyof typeof TAGS
