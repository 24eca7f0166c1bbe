/** Whom a lane belongs to, and whether anybody else is there: what turns go by. */

/** Who has asked for something is there for so long. */
const PRESENT_MS = 1_000
/** Of lanes whose workspace is known; then the oldest is forgotten. */
const MAX_KNOWN = 10_000

/** The workspaces that lanes have led to. */
export function createHomes() {
  const known = new Map<string, string>()
  return {
    of: (name: string): string => known.get(name) ?? name,
    set(name: string, workspaceId: string): void {
      known.delete(name)
      known.set(name, workspaceId)
      const [oldest] = known.keys()
      if (known.size > MAX_KNOWN && oldest !== undefined) known.delete(oldest)
    },
  }
}

/** Whether more than one is there. */
export function createPresence(now: () => number) {
  let latest: string | undefined
  let sharedUntil = 0
  return {
    saw(name: string): void {
      if (latest !== undefined && name !== latest) sharedUntil = now() + PRESENT_MS
      latest = name
    },
    isShared: () => now() < sharedUntil,
  }
}
