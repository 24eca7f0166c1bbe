import { SHOP_PORT } from './demo-shop.ts'

const node = (id: string, type: string, x: number, y: number, label: string, config: object) => ({
  id,
  type,
  position: { x, y },
  data: { label, config },
})

/** start → fetch the order → is it large? → ask the model → answer; a small order is answered at once. */
export const DEMO_WORKFLOW = {
  name: 'Pedidos grandes',
  description: 'Busca um pedido, decide pelo total e pede uma mensagem ao modelo de demonstração.',
  tags: ['demo'],
  definition: {
    nodes: [
      node('start', 'trigger.manual', 0, 0, 'Início', {}),
      node('fetch', 'http.request', 220, 0, 'Buscar o pedido', {
        url: `http://127.0.0.1:${SHOP_PORT}/orders/{{ $trigger.order_id }}`,
      }),
      node('large', 'if', 440, 0, 'É grande?', { condition: '{{ $input.body.total >= 200 }}' }),
      node('write', 'llm', 660, -80, 'Escrever a mensagem', {
        model: 'demo/echo',
        prompt: 'Agradeça a {{ $input.body.customer }} pelo pedido {{ $input.body.id }} de R$ {{ $input.body.total }}.',
      }),
      node('answer', 'set', 880, -80, 'Responder', {
        fields: { order: '{{ $nodes.fetch.body }}', message: '{{ $input.text }}' },
      }),
      node('small', 'set', 660, 80, 'Pedido pequeno', {
        fields: { order: '{{ $input.body }}', message: 'Sem mensagem para pedidos pequenos.' },
      }),
    ],
    edges: [
      { id: 'e1', source: 'start', target: 'fetch' },
      { id: 'e2', source: 'fetch', target: 'large' },
      { id: 'e3', source: 'large', sourceHandle: 'true', target: 'write' },
      { id: 'e4', source: 'write', target: 'answer' },
      { id: 'e5', source: 'large', sourceHandle: 'false', target: 'small' },
    ],
  },
}
