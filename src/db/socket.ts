/**
 * The socket that postgres.js talks through. Its own one reconnects in a tight loop when the peer hangs up during the
 * handshake, cannot be closed while it connects, and leaves unhandled rejections when it is closed.
 *
 * I1 It connects once: a connection that is gone stays gone.
 * I2 However it ends, listeners hear `error` (only that frees a query which waits for the handshake) and then `close`.
 */
import { Buffer } from 'node:buffer'
import { EventEmitter } from 'node:events'
import { connect } from 'cloudflare:sockets'

/** `SSLRequest` (length 8, code 80877103): the server answers one byte, `S` when it speaks TLS. */
const SSL_REQUEST = Uint8Array.of(0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f)
const SSL_ACCEPTED = 0x53

export interface SocketOptions {
  readonly hostname: string
  readonly port: number
  readonly tls: boolean
}

const ignore = (): void => undefined

export class PostgresSocket extends EventEmitter {
  /** Read by postgres.js. */
  readyState: 'open' | 'closed' = 'open'
  #raw: Socket
  #writer: WritableStreamDefaultWriter | undefined

  constructor({ hostname, port, tls }: SocketOptions) {
    super()
    this.#raw = connect({ hostname, port }, { secureTransport: tls ? 'starttls' : 'off', allowHalfOpen: false })
    this.#raw.closed.catch(ignore)
  }

  /** Resolves when the server can be spoken to. */
  async open(): Promise<this> {
    await this.#raw.opened
    if (this.#raw.secureTransport === 'starttls') await this.#startTls()
    return this
  }

  async #startTls(): Promise<void> {
    const writer = this.#raw.writable.getWriter()
    const reader = this.#raw.readable.getReader()
    await writer.write(SSL_REQUEST)
    const { value } = await reader.read()
    // More than the one byte before TLS began would be somebody's in between (CVE-2021-23222).
    if (value?.length !== 1 || value[0] !== SSL_ACCEPTED) throw new Error('the server does not offer TLS')
    writer.releaseLock()
    reader.releaseLock()
    this.#raw = this.#raw.startTls()
    this.#raw.closed.catch(ignore)
    await this.#raw.opened
  }

  /** The first write starts reading: by then postgres.js listens, and a server does not speak first. */
  write(data: Uint8Array, done: () => void = ignore): true {
    if (this.#writer === undefined) {
      this.#writer = this.#raw.writable.getWriter()
      this.#writer.closed.catch(ignore)
      void this.#read()
    }
    void this.#send(this.#writer, data, done)
    return true
  }

  async #send(writer: WritableStreamDefaultWriter, data: Uint8Array, done: () => void): Promise<void> {
    try {
      await writer.write(data)
      done()
    } catch (error) {
      this.destroy(error)
    }
  }

  async #read(): Promise<void> {
    try {
      const reader = this.#raw.readable.getReader()
      for (let next = await reader.read(); !next.done; next = await reader.read()) {
        this.emit('data', Buffer.from(next.value.buffer, next.value.byteOffset, next.value.byteLength))
      }
      this.destroy()
    } catch (error) {
      this.destroy(error)
    }
  }

  /** Says goodbye and closes. */
  end(data: Uint8Array): void {
    this.write(data, () => this.destroy())
  }

  destroy(reason: unknown = new Error('the connection was closed')): void {
    if (this.readyState === 'closed') return
    this.readyState = 'closed'
    this.#raw.close().catch(ignore)
    // Without a listener, emitting `error` throws.
    if (this.listenerCount('error') > 0) this.emit('error', reason)
    this.emit('close')
  }
}
