/** A websocket client that keeps to no rules: it sends what it is told, and answers nothing by itself. */
import { randomBytes } from 'node:crypto'
import { connect } from 'node:net'

export interface RawSocket {
  /** One masked frame (RFC 6455, 5.2) of at most 125 bytes. */
  send(opcode: number, payload: Buffer): void
  /** Everything that came, bytes as characters. */
  received(): string
  /** Resolves when the server has ended the connection. */
  readonly ended: Promise<void>
  destroy(): void
}

/** Shakes hands and waits for the first frame. */
export async function openRawSocket(port: number, path: string): Promise<RawSocket> {
  const socket = connect(port, '127.0.0.1')
  const ended = new Promise<void>((resolve) => socket.on('error', () => undefined).on('close', () => resolve()))
  const headers = [
    `GET ${path} HTTP/1.1`,
    'Host: 127.0.0.1',
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}`,
  ]
  let text = ''
  await new Promise<void>((confirmed) => {
    socket.on('data', (data) => {
      text += data.toString('latin1')
      if (text.includes('subscription_confirmed')) confirmed()
    })
    socket.write(`${headers.join('\r\n')}\r\n\r\n`)
  })
  return {
    send: (opcode, payload) =>
      void socket.write(Buffer.concat([Buffer.from([0x80 | opcode, 0x80 | payload.length, 0, 0, 0, 0]), payload])),
    received: () => text,
    ended,
    destroy: () => void socket.destroy(),
  }
}
