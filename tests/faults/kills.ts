/** SIGKILL of workerd, SIGKILL of everything and SIGTERM, right after answers and at random moments, under load. */
import { setTimeout as sleep } from 'node:timers/promises'
import { signal } from '#local/processes'
import type { TestServer } from '#tests/support/server'
import { prepareKinds, type Job, type Kind } from './jobs.ts'
import { createSettling } from './settling.ts'
import { type Ground, patient, until } from './world.ts'

/** After more than five deaths of workerd within a minute `npm start` gives up: its own rule, which is kept to here. */
const RUNTIME_KILLS = 5
const MINUTE_MS = 60_000
const RANDOM_MOMENT_MS = 400
/** Pieces of work begun before each kill; those of the kills before are under way yet. */
const BATCH = 4
/** Looking at what became of it goes on meanwhile, a little behind. */
const MAX_BEHIND = 150

let killedSoFar = 0

/** How often processes were killed in this run, by whatever attack. */
export function countKills(): number {
  return killedSoFar
}

/** When workerd was killed last, by the process that starts it again. */
const killed = new Map<number, readonly number[]>()

/**
 * SIGKILL to workerd alone; resolves when miniflare has started another one. Of everything where workerd has died as
 * often as `npm start` puts up with.
 */
export async function killRuntime(server: TestServer): Promise<void> {
  const { node, workerd } = server.pids()
  const now = performance.now()
  const times = (killed.get(node) ?? []).filter((time) => time > now - MINUTE_MS)
  if (times.length >= RUNTIME_KILLS) return killAll(server)
  killed.set(node, [...times, now])
  killedSoFar += 1
  signal(workerd, 'SIGKILL')
  const isBack = await until(async () => {
    if (server.pids().workerd === workerd) return undefined
    const { ok } = await fetch(`${server.url}/health`)
    return ok ? true : undefined
  })
  if (isBack === undefined) throw new Error(`workerd was not started again:\n${server.output()}`)
}

export async function killAll(server: TestServer): Promise<void> {
  killedSoFar += 1
  await server.kill()
  await server.restart()
}

async function deploy(server: TestServer): Promise<void> {
  await server.stop()
  await server.restart()
}

/** Begins a batch, and ends the server under it: right after the first answer, after the last one, or sometime. */
async function round(ground: Ground, kinds: readonly Kind[], first: number, end: () => Promise<void>): Promise<Job[]> {
  const { chance } = ground
  const begun = Array.from({ length: BATCH }, (_, index) => chance.pick(kinds)(first + index))
  await chance.pick([
    () => Promise.race(begun),
    () => Promise.all(begun),
    () => sleep(chance.below(RANDOM_MOMENT_MS)),
  ])()
  await end()
  return Promise.all(begun)
}

/**
 * Rounds of batches and kills until there were `kills`, or the time is up.
 *
 * @param untilMs on the clock of `performance`
 */
export async function killUnderLoad(ground: Ground, kills: number, untilMs: number): Promise<void> {
  const { server, ledger } = ground
  const { kinds, check } = await prepareKinds({ ...ground, ana: patient(ground.ana) }, 'P1')
  const settling = createSettling()
  let begun = 0
  const counts = { workerd: 0, everything: 0, deploys: 0 }
  const tookMs = { workerd: 0, everything: 0, deploys: 0 }

  async function endServer(kind: keyof typeof counts): Promise<void> {
    counts[kind] += 1
    const began = performance.now()
    if (kind === 'workerd') await killRuntime(server)
    else if (kind === 'everything') await killAll(server)
    else await deploy(server)
    tookMs[kind] += performance.now() - began
  }

  for (let left = RUNTIME_KILLS; counts.workerd + counts.everything < kills && performance.now() < untilMs;) {
    const kind = left > 0 ? 'workerd' : counts.everything >= 6 * counts.deploys ? 'deploys' : 'everything'
    left = kind === 'workerd' ? left - 1 : RUNTIME_KILLS
    const batch = await round(ground, kinds, begun, () => endServer(kind))
    begun += BATCH
    const accepted = batch.filter(({ isAccepted }) => isAccepted).length
    ledger.attacked(kind === 'deploys' ? 'P11' : 'P1', accepted)
    settling.add(batch)
    await settling.until(MAX_BEHIND)
  }
  await settling.until(0)
  await check()
  const back = (kind: keyof typeof counts): string => `back after ${(tookMs[kind] / counts[kind]).toFixed(0)} ms`
  ledger.note('P1', `${counts.workerd} SIGKILLs of workerd (${back('workerd')})`)
  ledger.note('P1', `${counts.everything} of everything (${back('everything')}), ${begun} executions`)
  ledger.note('P11', `${counts.deploys} restarts by SIGTERM`)
}
