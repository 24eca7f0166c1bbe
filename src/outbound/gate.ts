import type { AllowList } from './allow-list.ts'
import { type CheckedUrl, checkUrl } from './check-url.ts'
import { type Deadline, startDeadline } from './deadline.ts'
import { OutboundError, toOutboundError } from './errors.ts'
import { toOutgoingHeaders } from './headers.ts'
import { limitResponse } from './limit-response.ts'
import { type Hop, nextHop } from './redirect.ts'
import type { SecretFill } from './secrets.ts'

const DEFAULT_TIMEOUT_MS = 30_000
const DEFAULT_MAX_BYTES = 10 * 1024 * 1024
const DEFAULT_MAX_REDIRECTS = 5

/** What a service binding is to the gate. */
export interface Transport {
  fetch(request: Request): Promise<Response>
}

export interface OutboundRequest {
  readonly url: string
  readonly method?: string
  readonly headers?: HeadersInit
  /** A stream is sent once: a 307 or 308 that asks for it again is handed back instead of followed. */
  readonly body?: BodyInit | null
  /** `manual` hands a redirect back instead of following it. */
  readonly redirect?: 'follow' | 'manual'
  /** Puts secrets where their placeholders are, for every hop anew. */
  readonly secrets?: SecretFill | undefined
}

export interface OutboundLimits {
  readonly signal?: AbortSignal
  /** For the whole exchange, redirects and body included. */
  readonly timeoutMs?: number
  /** Of the body as it is read, after decompression. */
  readonly maxBytes?: number
  readonly maxRedirects?: number
}

/** Every request that leaves on a user's behalf goes through here. */
export interface Outbound {
  /**
   * The body must be read or cancelled; until then the clock runs.
   *
   * @throws OutboundError, or the reason of an aborted `signal`; reading the body may throw either too
   */
  fetch(request: OutboundRequest, limits?: OutboundLimits): Promise<Response>
}

export interface OutboundOptions {
  readonly bindings: { readonly OUTBOUND_PUBLIC?: Transport; readonly OUTBOUND_INTERNAL?: Transport }
  readonly allow: AllowList
  /**
   * What leaves for public addresses where there is no binding: the global fetch, which is safe at the edge alone
   * (`global_fetch_strictly_public`). On one machine workerd's global fetch reaches 127.0.0.1, so both bindings must be there.
   */
  readonly fetch?: typeof fetch
}

/** Makes the gate: the text half is `checkUrl`, the network half the bindings. */
export function createOutbound(options: OutboundOptions): Outbound {
  return { fetch: (request, limits = {}) => exchange(options, request, limits) }
}

async function exchange(options: OutboundOptions, request: OutboundRequest, limits: OutboundLimits): Promise<Response> {
  const first = check(request.url, options.allow)
  const deadline = startDeadline(limits.timeoutMs ?? DEFAULT_TIMEOUT_MS, first.url.host, limits.signal)
  try {
    const { response, url, redirects } = await follow(options, request, { ...limits, deadline })
    const maxBytes = limits.maxBytes ?? DEFAULT_MAX_BYTES
    return limitResponse(response, { deadline, maxBytes, url, redirected: redirects > 0 })
  } catch (error) {
    deadline.release()
    if (deadline.signal.aborted) throw deadline.signal.reason
    throw error
  }
}

interface LastHop {
  readonly response: Response
  readonly url: URL
  readonly redirects: number
}

async function follow(
  options: OutboundOptions,
  request: OutboundRequest,
  { deadline, maxRedirects = DEFAULT_MAX_REDIRECTS }: { deadline: Deadline; maxRedirects?: number },
): Promise<LastHop> {
  let hop = toFirstHop(request)
  const first = new URL(request.url)
  for (let redirects = 0; ; redirects += 1) {
    const target = check(hop.url, options.allow)
    const filled = request.secrets?.apply(hop, target.url, first) ?? { hop, url: target.url }
    const response = await send(options, { ...target, url: filled.url }, filled.hop, deadline)
    const next = request.redirect === 'manual' ? undefined : nextHop(hop, response)
    if (next === undefined) return { response, url: target.url, redirects }
    response.body?.cancel().catch(() => undefined)
    if (redirects >= maxRedirects) {
      throw new OutboundError({
        code: 'outbound_too_many_redirects',
        params: { host: target.url.host, limit: maxRedirects },
      })
    }
    hop = next
  }
}

async function send(options: OutboundOptions, target: CheckedUrl, hop: Hop, deadline: Deadline): Promise<Response> {
  const transport = chooseTransport(options, target)
  const request = toRequest(target.url, hop, deadline.signal)
  try {
    return await deadline.race(transport(request))
  } catch (error) {
    throw toOutboundError(error, target.url.host)
  }
}

function chooseTransport({ bindings, fetch: globalFetch = fetch }: OutboundOptions, { route, url }: CheckedUrl) {
  const binding = route === 'public' ? bindings.OUTBOUND_PUBLIC : bindings.OUTBOUND_INTERNAL
  if (binding !== undefined) return (request: Request) => binding.fetch(request)
  if (route === 'public') return (request: Request) => globalFetch(request)
  throw new OutboundError({ code: 'outbound_no_internal_route', params: { host: url.host } })
}

function check(text: string, allow: AllowList): CheckedUrl {
  const checked = checkUrl(text, allow)
  if (!checked.ok) throw new OutboundError(checked.error)
  return checked.value
}

function toFirstHop({ url, method = 'GET', headers, body = null }: OutboundRequest): Hop {
  return validating(new URL(url).host, () => ({
    url,
    method: method.toUpperCase(),
    headers: toOutgoingHeaders(headers),
    body,
  }))
}

function toRequest(url: URL, { method, headers, body }: Hop, signal: AbortSignal): Request {
  // `duplex` is what Node wants with a stream; workerd does not know it.
  const init = { method, headers, body, signal, redirect: 'manual', duplex: 'half' } as const
  return validating(url.host, () => new Request(url, init))
}

/** Runs what throws a TypeError on a bad method, header or body. */
function validating<T>(host: string, make: () => T): T {
  try {
    return make()
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    throw new OutboundError(
      { code: 'outbound_invalid_request', params: { host, detail: error.message } },
      { cause: error },
    )
  }
}
