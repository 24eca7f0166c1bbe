import { maintenance } from '#actors'
import type { PublicCtx } from '#services/context'

let isPoked = false

/** Sees to it that the sweeps are going on: once in the life of an isolate, behind the first answer. */
export function pokeMaintenance({ env, later }: Pick<PublicCtx, 'env' | 'later'>): void {
  if (isPoked) return
  isPoked = true
  later(async () => {
    try {
      await maintenance(env).poke()
    } catch (error) {
      isPoked = false
      throw error
    }
  })
}
