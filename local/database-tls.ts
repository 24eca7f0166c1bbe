/** TLS to a PostgreSQL: it begins in the middle of a connection, after the server has agreed to it. */
import { connect as connectTcp, isIP, type Socket } from 'node:net'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import type { DatabaseAddress } from './database-url.ts'

/** `SSLRequest`: length 8, code 80877103. The server answers one byte, `S` when it speaks TLS. */
const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f])
const HANDSHAKE_MS = 5_000

/** The server was reached and said no to TLS. */
export class NoTlsError extends Error {
  override readonly name = 'NoTlsError'
}

/** Resolves with the first event of that name; rejects when the socket fails, closes or takes too long. */
function nextEvent<V>(socket: Socket, listen: (done: (value: V) => void) => void): Promise<V> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => socket.destroy(Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' })),
      HANDSHAKE_MS,
    )
    const onClose = (): void => reject(Object.assign(new Error('the server hung up'), { code: 'ECONNRESET' }))
    socket.once('error', reject).once('close', onClose)
    listen((value) => {
      clearTimeout(timer)
      socket.off('error', reject).off('close', onClose)
      resolve(value)
    })
    socket.once('close', () => clearTimeout(timer))
  })
}

/** Opens a TCP connection without Nagle's delay: a query is a small packet that somebody waits for. */
async function openTcp({ host, port }: DatabaseAddress): Promise<Socket> {
  const socket = connectTcp({ host, port, noDelay: true })
  await nextEvent<undefined>(socket, (done) => socket.once('connect', () => done(undefined)))
  return socket
}

/**
 * Opens a connection and makes it TLS.
 *
 * @throws NoTlsError when the server has none
 */
export async function openTls(address: DatabaseAddress): Promise<TLSSocket> {
  const raw = await openTcp(address)
  raw.write(SSL_REQUEST)
  const answer = await nextEvent<Buffer>(raw, (done) => raw.once('data', done))
  // More than the one byte before TLS began would be somebody's in between (CVE-2021-23222).
  if (answer.toString('latin1') !== 'S') {
    raw.destroy()
    throw new NoTlsError('the server does not offer TLS')
  }
  const socket = connectTls({
    socket: raw,
    host: address.host,
    ...(isIP(address.host) === 0 && { servername: address.host }),
    ...(address.authorities !== undefined && { ca: address.authorities }),
    rejectUnauthorized: address.verification !== 'encrypt',
    ...(address.verification !== 'host' && { checkServerIdentity: () => undefined }),
  })
  await nextEvent<undefined>(socket, (done) => socket.once('secureConnect', () => done(undefined)))
  return socket
}
