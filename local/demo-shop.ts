/** The order service that the demo's workflow asks: a real HTTP server, here only while the demo runs. */
import { createServer } from 'node:http'

/** Nothing else is known to use this port; the first start lets the outbound gate through to it (`OUTBOUND_ALLOW`). */
export const SHOP_PORT = 48_710
const HOST = '127.0.0.1'

/**
 * Answers `GET /orders/{id}` with an order whose total grows with the id, and anything else with 404.
 *
 * @returns the function that stops it
 */
export function startShop(): Promise<() => Promise<void>> {
  const server = createServer((request, response) => {
    const id = /^\/orders\/(\d{1,6})$/.exec(request.url ?? '')?.[1]
    const order = id === undefined ? undefined : { id: Number(id), customer: 'Ana', total: Number(id) * 35 }
    response.writeHead(order === undefined ? 404 : 200, { 'content-type': 'application/json' })
    response.end(JSON.stringify(order ?? { error: 'no such order' }))
  })
  const { promise, resolve, reject } = Promise.withResolvers<() => Promise<void>>()
  server.once('error', reject)
  server.listen(SHOP_PORT, HOST, () => resolve(() => new Promise((done) => server.close(() => done()))))
  return promise
}
