/** Looks before the runtime leaps: its own complaint about a taken port comes late and says little. */
import { createServer } from 'node:net'
import { codeOf, messageOf, StartError } from './start-error.ts'

function explain(error: unknown, host: string, port: number): string {
  switch (codeOf(error)) {
    case 'EADDRINUSE':
      return `port ${port} is taken: stop the program that listens there, or set PORT to another one`
    case 'EACCES':
      return `port ${port} needs rights that you do not have: set PORT to one above 1023`
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return `HOST=${host} is no address of this machine: set HOST to one, or to 0.0.0.0 for all`
    default:
      return `cannot listen on ${host}:${port} (${messageOf(error)}): set HOST and PORT to others`
  }
}

/**
 * Checks that the address can be listened on.
 *
 * @throws StartError when it cannot
 */
export function checkListen(host: string, port: number): Promise<void> {
  return new Promise((done, failed) => {
    const server = createServer()
    server.on('error', (error) => failed(new StartError(explain(error, host, port))))
    server.listen(port, host, () => server.close(() => done()))
  })
}
