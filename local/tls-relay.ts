/**
 * workerd verifies every certificate, and `sslmode=require` promises that none is verified: so on one machine this
 * process speaks TLS, and the worker plain TCP to it on the loopback interface.
 */
import { createServer, type Socket } from 'node:net'
import { pipeline } from 'node:stream'
import { openTls } from './database-tls.ts'
import type { DatabaseAddress } from './database-url.ts'

export interface TlsRelay {
  /** The address for whoever speaks plain TCP. */
  readonly url: string
  close(): Promise<void>
}

/** Whoever is refused here sees the connection close, as with a server that went away, and tries again. */
async function serve(client: Socket, address: DatabaseAddress, open: Set<Socket>): Promise<void> {
  open.add(client)
  client.on('error', () => undefined).on('close', () => open.delete(client))
  try {
    const server = await openTls(address)
    pipeline(client, server, () => server.destroy())
    pipeline(server, client, () => client.destroy())
  } catch {
    client.destroy()
  }
}

/** Listens on a free port of 127.0.0.1 and relays every connection to the server. */
export function startTlsRelay(address: DatabaseAddress): Promise<TlsRelay> {
  const open = new Set<Socket>()
  const server = createServer({ noDelay: true }, (client) => void serve(client, address, open))
  return new Promise((started, failed) => {
    server.on('error', failed).listen(0, '127.0.0.1', () => {
      const bound = server.address()
      const url = new URL(address.url)
      url.hostname = '127.0.0.1'
      url.port = String(typeof bound === 'object' && bound !== null ? bound.port : '')
      started({
        url: url.href,
        close: () =>
          new Promise((closed) => {
            for (const socket of open) socket.destroy()
            server.close(() => closed())
          }),
      })
    })
  })
}
