import { defineEffectNode, emit } from '#core/workflow/node-type'
import { HttpConfig } from './http/config.ts'
import { exchange, withQuery } from './http/exchange.ts'
import { readPages } from './http/pages.ts'
import { atPath } from './http/read-body.ts'

export const httpRequest = defineEffectNode({
  type: 'http.request',
  group: 'io',
  icon: 'globe',
  title: { pt: 'Requisição HTTP', en: 'HTTP request' },
  description: {
    pt: 'Chama um endereço e devolve status, cabeçalhos e corpo, de uma página ou de todas; fora de 2xx o nó falha.',
    en: 'Calls an address and gives status, headers and body, of one page or of all; anything outside 2xx fails the node.',
  },
  ports: { in: ['in'], out: ['out'] },
  config: HttpConfig,
  secrets: ['query', 'headers', 'body', 'auth'],
  example: {
    config: { url: 'https://api.example.com/orders/{{ $trigger.order_id }}' },
    input: null,
    output: {
      status: 200,
      headers: { 'content-type': 'application/json' },
      body: { id: 7 },
      url: 'https://api.example.com/orders/7',
    },
  },
  async run(ports, { config }) {
    const { pagination, response_path: path } = config
    const url = withQuery(config)
    if (pagination === undefined) {
      const { headers, body, ...answer } = await exchange(ports, config, url)
      const wanted = path === undefined ? body : atPath(body, path)
      return emit({ ...answer, headers: Object.fromEntries(headers), body: wanted })
    }
    const { answer, items, pages, hasMore } = await readPages(ports, config, pagination, url)
    const headers = Object.fromEntries(answer.headers)
    return emit({ status: answer.status, headers, body: items, url, pages, has_more: hasMore })
  },
})
