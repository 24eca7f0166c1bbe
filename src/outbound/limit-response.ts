import type { Deadline } from './deadline.ts'
import { OutboundError, toOutboundError } from './errors.ts'
import { toDecodedHeaders } from './headers.ts'

export interface ResponseLimits {
  readonly maxBytes: number
  readonly deadline: Deadline
  /** The URL of the last hop: `response.url` for the caller, its host in errors. */
  readonly url: URL
  readonly redirected: boolean
}

/**
 * The same answer with a body that fails once it passes `maxBytes` (counted as it is read, after decompression) or the
 * deadline. Releases the deadline when the body has ended, failed or been cancelled.
 *
 * @throws OutboundError `outbound_too_large` at once when the answer declares more
 */
export function limitResponse(response: Response, limits: ResponseLimits): Response {
  const headers = toDecodedHeaders(response.headers)
  const { body, status, statusText } = response
  if (body !== null && Number(headers.get('content-length') ?? 0) > limits.maxBytes) {
    body.cancel().catch(() => undefined)
    throw tooLarge(limits)
  }
  if (body === null) limits.deadline.release()
  const limited = new Response(body === null ? null : limitBody(body, limits), { status, statusText, headers })
  // A response that is made by hand has no URL, and callers need to know where the redirects led.
  Object.defineProperty(limited, 'url', { value: limits.url.href })
  Object.defineProperty(limited, 'redirected', { value: limits.redirected })
  return limited
}

function limitBody(body: ReadableStream<Uint8Array>, limits: ResponseLimits): ReadableStream<Uint8Array> {
  const { deadline, maxBytes } = limits
  const reader = body.getReader()
  let size = 0
  const stop = async (reason: unknown): Promise<void> => {
    deadline.release()
    await reader.cancel(reason)
  }
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const { done, value } = await deadline.race(reader.read())
          if (done) {
            deadline.release()
            return controller.close()
          }
          size += value.byteLength
          if (size > maxBytes) throw tooLarge(limits)
          controller.enqueue(value)
        } catch (error) {
          const failure = deadline.signal.aborted ? deadline.signal.reason : toOutboundError(error, limits.url.host)
          controller.error(failure)
          stop(failure).catch(() => undefined)
        }
      },
      cancel: stop,
    },
    // Nothing is read ahead of the caller.
    { highWaterMark: 0 },
  )
}

function tooLarge({ url, maxBytes }: ResponseLimits): OutboundError {
  return new OutboundError({ code: 'outbound_too_large', params: { host: url.host, limit: maxBytes } })
}
