export interface Component {
  readonly status: 'healthy' | 'unhealthy'
  readonly milliseconds: number
}

/** A load balancer that asks every few seconds still gets an answer; a part slower than that is as good as away. */
const DEADLINE_MS = 2000

/** Asks one part; an error and silence are both `unhealthy`. */
export async function probe(now: () => number, ask: () => Promise<unknown>): Promise<Component> {
  const startedAt = now()
  const deadline = Promise.withResolvers<false>()
  const timer = setTimeout(() => deadline.resolve(false), DEADLINE_MS)
  const answered = Promise.resolve()
    .then(ask)
    .then(
      () => true,
      () => false,
    )
  const healthy = await Promise.race([answered, deadline.promise])
  clearTimeout(timer)
  return { status: healthy ? 'healthy' : 'unhealthy', milliseconds: Math.round(now() - startedAt) }
}
