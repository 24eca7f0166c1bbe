/** What was attacked, how often, and what was lost. */

export const PROMISES = {
  P1: 'an accepted execution is never lost',
  P2: 'an outcome is recorded exactly once',
  P3: 'one Idempotency-Key, one execution',
  P4: 'timers are never early, and fire',
  P5: 'nothing is stuck',
  P6: 'requests carry the same key on every attempt',
  P7: 'an execution keeps its version',
  P8: 'a cancel survives, an approval counts once',
  P9: 'streams have no gap and no repetition',
  P10: 'PostgreSQL going away loses nothing',
  P11: 'a deploy kills no execution',
  chats: 'a chat loses no word that was said or shown',
  disk: 'a full disk loses nothing that was accepted',
  flood: 'a flood does not starve another workspace',
  junk: 'junk never gives a 5xx',
} as const
export type PromiseName = keyof typeof PROMISES

/** How many losses of one promise are printed; the rest is counted. */
const MAX_SHOWN = 10

export interface Ledger {
  attacked(promise: PromiseName, times?: number): void
  /** Notes a loss unless the condition holds. */
  expect(promise: PromiseName, holds: boolean, orElse: () => string): void
  /** A figure for the end of a promise's line. */
  note(promise: PromiseName, text: string): void
  /** An attack that this machine does not allow. */
  skipped(promise: PromiseName, why: string): void
  /** How many losses there are. */
  losses(): number
  /** The table, for a person. */
  toText(): string
}

interface Row {
  attacks: number
  readonly losses: string[]
  readonly notes: string[]
}

export function createLedger(): Ledger {
  const rows = new Map<PromiseName, Row>()
  const rowOf = (promise: PromiseName): Row => {
    const row = rows.get(promise) ?? { attacks: 0, losses: [], notes: [] }
    rows.set(promise, row)
    return row
  }
  const names = Object.keys(PROMISES).filter((name): name is PromiseName => name in PROMISES)

  function toLine(promise: PromiseName): string {
    const { attacks, losses, notes } = rowOf(promise)
    const lost = losses.length === 0 ? 'nothing' : String(losses.length)
    return [
      promise.padEnd(6),
      PROMISES[promise].padEnd(46),
      String(attacks).padStart(8),
      lost.padStart(8),
      notes.join('; '),
    ]
      .join('  ')
      .trimEnd()
  }

  return {
    attacked: (promise, times = 1) => void (rowOf(promise).attacks += times),
    expect(promise, holds, orElse) {
      if (holds) return
      const { losses } = rowOf(promise)
      losses.push(orElse())
      if (losses.length <= MAX_SHOWN) console.error(`LOST ${promise}: ${losses.at(-1)}`)
    },
    note: (promise, text) => void rowOf(promise).notes.push(text),
    skipped(promise, why) {
      rowOf(promise).notes.push(`SKIPPED: ${why}`)
      console.error(`SKIPPED ${promise}: ${why}`)
    },
    losses: () => [...rows.values()].reduce((sum, { losses }) => sum + losses.length, 0),
    toText: () =>
      [`${'promise'.padEnd(54)}  ${'attacked'.padStart(8)}  ${'lost'.padStart(8)}`, ...names.map(toLine)].join('\n'),
  }
}
