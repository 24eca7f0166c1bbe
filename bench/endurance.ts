/** Ten minutes at full rate: whether the memory and the rate stay where they are. */
import { measure, type Measured } from './load.ts'
import { createHook, toDelivery } from './rates.ts'
import type { Bench } from './report.ts'
import { startOurs } from './subjects.ts'

const SECONDS = 600
/** Memory is looked at after so many requests. */
const PART = 5_000

/** The row `webhook` with ten connections, for ten minutes. */
export async function measureEndurance(bench: Bench): Promise<void> {
  const ours = await startOurs()
  try {
    const shot = toDelivery(await createHook(ours))
    const until = Date.now() + bench.requests(SECONDS) * 1_000
    const parts: Measured[] = []
    while (Date.now() < until) {
      parts.push(await measure({ url: ours.url, pids: ours.pids, shot, connections: 10, requests: PART }))
    }
    const memory = parts.map(({ memoryMib }) => memoryMib)
    const rates = parts.map(({ perSecond }) => Math.round(perSecond))
    const errors = parts.reduce((sum, part) => sum + part.errors, 0)
    const told = [
      `${parts.length * PART} requests, ${errors} errors`,
      `${rates[0]}/s at first, ${rates.at(-1)}/s at last, ${Math.min(...rates)}/s at worst`,
      `${memory[0]} MiB at first, ${memory.at(-1)} at last, ${Math.max(...memory)} at most`,
    ]
    bench.figure('endurance', `webhook c=10 for ${bench.requests(SECONDS)} s`, told.join('; '))
  } finally {
    await ours.stop()
  }
}
