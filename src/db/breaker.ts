import { DatabaseUnavailable } from './errors.ts'

type State =
  | { readonly kind: 'closed' }
  | { readonly kind: 'probing'; readonly verdict: Promise<void> }
  | { readonly kind: 'open'; readonly until: number; readonly reason: DatabaseUnavailable }

export interface Breaker {
  /** Resolves when PostgreSQL may be asked; waits for a probe that is under way. undefined: it may, at once. */
  admit(): Promise<void> | undefined
  /** Something went wrong that may be the server's absence: finds out. */
  suspect(): void
}

export interface BreakerOptions {
  /** Asks the server for a sign of life, under a short deadline of its own. */
  readonly probe: () => Promise<unknown>
  readonly onOpen: (reason: DatabaseUnavailable) => void
  readonly openMs: number
  readonly now: () => number
}

/**
 * Answers at once for a server that is away. One slow or lost statement does not open it, a failed probe does; after
 * `openMs` the next caller starts another probe.
 */
export function createBreaker({ probe, onOpen, openMs, now }: BreakerOptions): Breaker {
  let state: State = { kind: 'closed' }

  async function findOut(): Promise<void> {
    try {
      await probe()
      state = { kind: 'closed' }
    } catch (error) {
      if (!(error instanceof DatabaseUnavailable)) throw error
      state = { kind: 'open', until: now() + openMs, reason: error }
      onOpen(error)
    }
  }

  async function waitForVerdict(): Promise<void> {
    if (state.kind === 'open' && now() >= state.until) state = { kind: 'probing', verdict: findOut() }
    if (state.kind === 'probing') await state.verdict
    if (state.kind === 'open') throw new DatabaseUnavailable(state.reason.message)
  }

  return {
    admit: () => (state.kind === 'closed' ? undefined : waitForVerdict()),
    suspect() {
      if (state.kind === 'closed') state = { kind: 'probing', verdict: findOut() }
    },
  }
}
