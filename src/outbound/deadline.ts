import { createAbortRace } from '#lib/abort-race'
import { OutboundError } from './errors.ts'

/** One time limit for a whole exchange: every hop, its headers and the body. */
export interface Deadline {
  /** Aborted when the time is up (reason: an OutboundError) or by the caller (the caller's reason). */
  readonly signal: AbortSignal
  /** Rejects with the signal's reason as soon as it aborts, whether or not the work listens to it. */
  race<T>(work: Promise<T>): Promise<T>
  /** Stops the clock; idempotent. */
  release(): void
}

// A longer timer fires at once, in Node as in workerd.
const MAX_TIMER_MS = 2 ** 31 - 1

/** Starts the clock. Whoever starts it calls `release` when the body has ended, failed or been cancelled. */
export function startDeadline(timeoutMs: number, host: string, caller: AbortSignal | undefined): Deadline {
  const controller = new AbortController()
  const { signal } = controller
  const { race } = createAbortRace(signal)
  const onCallerAbort = (): void => controller.abort(caller?.reason)
  const timer = setTimeout(
    () => {
      // The caller's signal may live much longer than this exchange.
      caller?.removeEventListener('abort', onCallerAbort)
      controller.abort(new OutboundError({ code: 'outbound_timeout', params: { host, timeout_ms: timeoutMs } }))
    },
    Math.min(timeoutMs, MAX_TIMER_MS),
  )
  caller?.addEventListener('abort', onCallerAbort, { once: true })
  if (caller?.aborted === true) onCallerAbort()
  return {
    signal,
    race,
    release: () => {
      clearTimeout(timer)
      caller?.removeEventListener('abort', onCallerAbort)
    },
  }
}
