import ipaddr from 'ipaddr.js'
import { z } from 'zod'

/** workerd's own note of the peer, `192.0.2.1:4711` or `[2001:db8::1]:4711`; no client can write it. */
const Peer = z.object({ clientIp: z.string() })

interface IncomingRequest {
  readonly headers: { get(name: string): string | null }
  readonly cf?: unknown
}

/**
 * The address of whoever sent a request, where it can be believed: what the proxy in front wrote into the header that
 * `CLIENT_ADDRESS_HEADER` names, or without that setting the peer of the connection.
 *
 * @param header its name; once it is set the peer is the proxy, and never the client
 */
export function readClientAddress(request: IncomingRequest, header: string | undefined): string | undefined {
  if (header !== undefined) {
    // A proxy appends what it saw itself; what stands before may come from the client.
    return parseAddress(request.headers.get(header)?.split(',').at(-1)?.trim())
  }
  const peer = Peer.safeParse(request.cf)
  return parseAddress(peer.data?.clientIp.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1'))
}

/** As the address is usually written, IPv4 inside IPv6 as IPv4; undefined for what is none. */
function parseAddress(text: string | undefined): string | undefined {
  return text !== undefined && ipaddr.isValid(text) ? ipaddr.process(text).toString() : undefined
}
