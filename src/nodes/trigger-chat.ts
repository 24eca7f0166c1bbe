import { ChatTriggerConfig } from '#core/triggers/chat-trigger'
import { definePureNode, emit } from '#core/workflow/node-type'

const said = {
  type: 'chat',
  chat: { id: '018f0000-0000-7000-8000-000000000005' },
  message: {
    id: '018f0000-0000-7000-8000-000000000006',
    content: 'E o meu pedido?',
    attachments: [
      {
        file_id: '018f0000-0000-7000-8000-000000000004',
        filename: 'nota.pdf',
        content_type: 'application/pdf',
        size: 48213,
      },
    ],
    metadata: null,
  },
  history: [
    { role: 'user', content: 'Oi' },
    { role: 'assistant', content: 'Olá! Como posso ajudar?' },
  ],
  user: { id: '018f0000-0000-7000-8000-000000000007', name: 'Ana' },
}

export const triggerChat = definePureNode({
  type: 'trigger.chat',
  group: 'triggers',
  icon: 'message-circle',
  title: { pt: 'Mensagem numa conversa', en: 'Chat message' },
  description: {
    pt: 'Começa com cada mensagem de uma conversa que este workflow responde. A saída, e `$trigger`, tem a mensagem, o que se disse antes e quem fala. A resposta é o que `respond` diz, senão a saída da execução.',
    en: 'Begins with each message of a chat that this workflow answers. Its output, and `$trigger`, has the message, what was said before and who speaks. The answer is what `respond` says, else the output of the execution.',
  },
  ports: { in: [], out: ['out'] },
  config: ChatTriggerConfig,
  example: { config: { history: 20 }, input: said, output: said },
  decide: ({ trigger }) => emit(trigger),
})
