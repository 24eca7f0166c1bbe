/** An SMTP server that follows a script, with a certificate that its openssl has just made. */
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import tls from 'node:tls'
import { z } from 'zod'

export interface Certificate {
  readonly key: string
  readonly cert: string
}

/** A certificate for `localhost` that nobody signed, in a directory of the caller's. */
export function makeCertificate(directory: string, name: string): Certificate & { readonly file: string } {
  const [key, file] = [join(directory, `${name}.key`), join(directory, `${name}.crt`)]
  const subject = ['-subj', `/CN=${name}`, '-addext', 'subjectAltName=DNS:localhost', '-days', '2']
  execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', ...subject, '-keyout', key, '-out', file], {
    stdio: 'ignore',
  })
  return { key: readFileSync(key, 'utf8'), cert: readFileSync(file, 'utf8'), file }
}

/** What the server answers to a command, by its first four letters, instead of taking it; `null` hangs up. */
export type Script = Readonly<Record<string, string | null>>

export interface SmtpServer {
  readonly port: number
  /** Every line that came, each with whether it came through TLS. */
  readonly lines: readonly { readonly text: string; readonly tls: boolean }[]
  stop(): void
}

export async function startSmtpServer(
  certificate: Certificate,
  { implicitTls = false, script = {} }: { readonly implicitTls?: boolean; readonly script?: Script } = {},
): Promise<SmtpServer> {
  const lines: { text: string; tls: boolean }[] = []
  const sockets = new Set<Socket>()

  function talk(socket: Socket, isTls: boolean): void {
    sockets.add(socket)
    let rest = ''
    let inData = false
    const say = (text: string): void => void socket.write(`${text}\r\n`)
    socket.on('error', () => undefined)
    socket.on('data', (chunk: Buffer) => {
      const parts = (rest + chunk.toString()).split('\r\n')
      rest = parts.pop() ?? ''
      for (const part of parts) hear(part)
    })

    function hear(text: string): void {
      lines.push({ text, tls: isTls })
      if (inData) {
        inData = text !== '.'
        if (!inData) say('250 queued')
        return
      }
      const command = text.slice(0, 4).toUpperCase()
      const scripted = script[command]
      if (scripted === null) return void socket.destroy()
      if (scripted !== undefined) return say(scripted)
      if (command === 'EHLO') return say(`250-hello${isTls ? '' : '\r\n250-STARTTLS'}\r\n250 AUTH PLAIN`)
      if (command === 'STAR') {
        say('220 go')
        socket.removeAllListeners('data')
        return talk(new tls.TLSSocket(socket, { isServer: true, ...certificate }), true)
      }
      if (command === 'DATA') inData = true
      say(command === 'AUTH' ? '235 welcome' : inData ? '354 go on' : '250 fine')
    }
  }

  function greet(socket: Socket): void {
    if (script['HELLO'] === null) return
    socket.write('220 scripted\r\n')
    talk(socket, implicitTls)
  }

  const server = implicitTls ? tls.createServer({ ...certificate }, greet) : createServer(greet)
  server.on('tlsClientError', () => undefined).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = z.object({ port: z.number() }).parse(server.address())
  return {
    port,
    lines,
    stop() {
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  }
}
