import { WebhookConfig } from '#core/triggers/webhook'
import { definePureNode, emit } from '#core/workflow/node-type'

const received = {
  type: 'webhook',
  test: false,
  method: 'POST',
  query: {},
  headers: { 'content-type': 'application/json' },
  body: { order_id: 7 },
  body_type: 'json',
  delivery_id: 'msg_1',
  received_at: '2026-11-23T12:00:00.000Z',
}

export const triggerWebhook = definePureNode({
  type: 'trigger.webhook',
  group: 'triggers',
  icon: 'webhook',
  title: { pt: 'Webhook', en: 'Webhook' },
  description: {
    pt: 'Começa quando outro sistema chama o endereço dele, assinado por padrão. A saída, e `$trigger`, é o pedido: método, query, cabeçalhos, corpo.',
    en: 'Begins when another system calls its address, signed by default. Its output, and `$trigger`, is the request: method, query, headers, body.',
  },
  ports: { in: [], out: ['out'] },
  config: WebhookConfig,
  example: { config: { methods: ['POST'], response: 'on_respond' }, input: received, output: received },
  decide: ({ trigger }) => emit(trigger),
})
