/**
 * Processes that stand still for a while, as on a machine that swaps or over a disk that hangs: PostgreSQL, only its
 * backends, and workerd, whose clocks have then jumped (P4, P10).
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { commandOf, signal } from '#local/processes'
import type { TestServer } from '#tests/support/server'
import { prepareKinds } from './jobs.ts'
import { settle } from './settling.ts'
import { type Ground, until } from './world.ts'

const BATCH = 10
/** Longer than the deadline of every statement. */
const FROZEN_MS = 6_000
/** What a request may take that a frozen database does not answer is 5 s; the rest is for a machine that is busy. */
const PATIENCE_MS = 9_000
const ASKS = 6

const FROZEN = {
  PostgreSQL: ({ all, node, workerd }) => all.filter((pid) => pid !== node && pid !== workerd),
  /** They have a client in their title. */
  'its backends': ({ all }) => all.filter((pid) => /^postgres: .*\(\d+\)/.test(commandOf(pid) ?? '')),
  workerd: ({ workerd }) => [workerd],
} satisfies Record<string, (pids: ReturnType<TestServer['pids']>) => readonly number[]>

/** What a person sees meanwhile: an answer or a clear 503, and no waiting without end. */
async function ask({ ana, ledger }: Ground, who: string): Promise<number> {
  const began = performance.now()
  const answer = await ana.call('/workflows?page=1&size=10').catch(() => undefined)
  const ms = performance.now() - began
  const isClear = answer?.status === 200 || (answer?.status === 503 && answer.headers.has('Retry-After'))
  ledger.expect('P10', isClear, () => `while ${who} stood still: ${answer?.status ?? 'no answer'}`)
  ledger.expect('P10', ms < PATIENCE_MS, () => `while ${who} stood still an answer took ${ms.toFixed(0)} ms`)
  return ms
}

/** @param names who stands still, one after the other, each in the middle of a batch */
export async function freezeUnderLoad(ground: Ground, names: readonly (keyof typeof FROZEN)[]): Promise<void> {
  const { chance, ledger, server } = ground
  const { kinds, check } = await prepareKinds(ground, 'P10')
  let begun = 0
  let slowest = 0
  const start = () => chance.pick(kinds)((begun += 1))
  for (const who of names) {
    const before = Array.from({ length: BATCH }, start)
    await chance.pick([() => sleep(chance.below(300)), () => Promise.all(before)])()
    const pids = FROZEN[who](server.pids())
    ledger.expect('P10', pids.length > 0, () => `${who} was not found: nothing was proved`)
    for (const pid of pids) signal(pid, 'SIGSTOP')
    const isThawed = sleep(FROZEN_MS).finally(() => {
      for (const pid of pids) signal(pid, 'SIGCONT')
    })
    const during = Array.from({ length: BATCH }, start)
    const asks = who === 'workerd' ? 0 : ASKS
    for (let asked = 0; asked < asks; asked += 1) slowest = Math.max(slowest, await ask(ground, who))
    await isThawed
    const jobs = await Promise.all([...before, ...during])
    const isBack = await until(async () => ((await ground.ana.call('/workflows')).status === 200 ? true : undefined))
    ledger.expect('P10', isBack === true, () => `after ${who} stood still nothing works again`)
    ledger.attacked('P10', jobs.filter(({ isAccepted }) => isAccepted).length)
    await settle(jobs)
  }
  await check()
  ledger.note(
    'P10',
    `stood still ${names.length} times (${names.join(', ')}), the slowest answer ${slowest.toFixed(0)} ms`,
  )
}
