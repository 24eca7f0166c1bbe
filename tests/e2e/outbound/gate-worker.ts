import { parseAllowList } from '#outbound/allow-list'
import { OutboundError } from '#outbound/errors'
import { type Transport, createOutbound } from '#outbound/gate'

interface GateEnv {
  readonly OUTBOUND_PUBLIC: Transport
  readonly OUTBOUND_INTERNAL: Transport
}

/**
 * The gate in the real runtime, driven by the query: `url`; `allow`, the allow list; `way`, which is `gate`, one of the
 * bindings alone (what the network does without the text half), or `swapped`, where allow-listed hosts take the public
 * binding, as a public name does that resolves to an internal address.
 */
export default {
  async fetch(request: Request, env: GateEnv): Promise<Response> {
    const query = new URL(request.url).searchParams
    const url = query.get('url') ?? ''
    const way = query.get('way')
    try {
      if (way === 'OUTBOUND_PUBLIC' || way === 'OUTBOUND_INTERNAL') return show(await env[way].fetch(new Request(url)))
      const bindings = way === 'swapped' ? { OUTBOUND_INTERNAL: env.OUTBOUND_PUBLIC } : env
      const gate = createOutbound({
        bindings,
        allow: parseAllowList((query.get('allow') ?? '').split(',').filter(Boolean)),
      })
      const limits = { timeoutMs: Number(query.get('timeout') ?? 5000), maxBytes: Number(query.get('max') ?? 1000) }
      return await show(await gate.fetch({ url }, limits))
    } catch (error) {
      if (error instanceof OutboundError) return Response.json({ code: error.code, retryable: error.retryable })
      return Response.json({ thrown: error instanceof Error ? error.message : String(error) })
    }
  },
}

async function show(response: Response): Promise<Response> {
  return Response.json({ status: response.status, url: response.url, body: await response.text() })
}
