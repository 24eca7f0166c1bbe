/** What the platform itself costs: an actor that is made and writes one row for each request, and one that echoes. */
import { DurableObject } from 'cloudflare:workers'

export interface FloorEnv {
  readonly ROW: DurableObjectNamespace<Row>
  readonly ECHO: DurableObjectNamespace<Echo>
}

export class Row extends DurableObject<FloorEnv> {
  write(text: string): void {
    this.ctx.storage.sql.exec('CREATE TABLE rows (body TEXT NOT NULL)')
    this.ctx.storage.sql.exec('INSERT INTO rows VALUES (?)', text)
  }
}

export class Echo extends DurableObject<FloorEnv> {
  override fetch(): Response {
    const { 0: client, 1: server } = new WebSocketPair()
    this.ctx.acceptWebSocket(server)
    return new Response(null, { status: 101, webSocket: client })
  }

  override webSocketMessage(socket: WebSocket, message: string | ArrayBuffer): void {
    socket.send(message)
  }
}

export default {
  async fetch(request: Request, env: FloorEnv): Promise<Response> {
    if (request.headers.has('Upgrade')) return env.ECHO.getByName(new URL(request.url).pathname).fetch(request)
    if (request.method === 'GET') return Response.json({ status: 'healthy' })
    await env.ROW.get(env.ROW.newUniqueId()).write(await request.text())
    return Response.json({ ok: true })
  },
}
