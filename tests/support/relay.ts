/** A TCP relay on 127.0.0.1 in front of a server, which can be made to look frozen or gone. */
import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'

export interface Relay {
  readonly port: number
  /** Connections are accepted and nothing comes through, as with a server that is stopped by SIGSTOP. */
  freeze(): void
  thaw(): void
  /** Every connection ends and new ones are refused, as with a server that has been stopped. */
  cut(): Promise<void>
  /** Listens again on the same port. */
  restore(): Promise<void>
}

async function listen(server: Server, port: number): Promise<number> {
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('the relay does not listen')
  return address.port
}

/** Starts a relay to a port of this machine. */
export async function startRelay(targetPort: number): Promise<Relay> {
  const sockets = new Set<Socket>()
  let isFrozen = false

  function keep(socket: Socket, other: Socket): void {
    sockets.add(socket)
    socket.on('data', (data) => other.write(data))
    socket
      .on('error', () => undefined)
      .on('close', () => {
        sockets.delete(socket)
        other.destroy()
      })
    if (isFrozen) socket.pause()
  }

  const server = createServer((client) => {
    const upstream = connect(targetPort, '127.0.0.1')
    keep(client, upstream)
    keep(upstream, client)
  })
  const port = await listen(server, 0)

  return {
    port,
    freeze() {
      isFrozen = true
      for (const socket of sockets) socket.pause()
    },
    thaw() {
      isFrozen = false
      for (const socket of sockets) socket.resume()
    },
    async cut() {
      const closed = once(server, 'close')
      server.close()
      for (const socket of sockets) socket.destroy()
      await closed
    },
    async restore() {
      await listen(server, port)
    },
  }
}
