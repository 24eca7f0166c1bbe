/** A hundred starts with one key at once, alone and while the server dies (P3). */
import { z } from 'zod'
import { chain, setNode, trigger } from '#tests/worker/support/graphs'
import { killRuntime } from './kills.ts'
import { type Ground, post, Started, tryPost, until } from './world.ts'

const AT_ONCE = 100

/** @param kills how many of the storms the server dies under */
export async function startStorms(ground: Ground, storms: number, kills: number): Promise<void> {
  const { ana, ledger, server } = ground
  const workflow = await ana.createWorkflow(chain([trigger, setNode('end', { n: '{{ $trigger.n }}' })]))
  const path = `/workflows/${workflow}/execute`
  for (let storm = 0; storm < storms; storm += 1) {
    const body = { inputs: { n: storm } }
    const asked = Array.from({ length: AT_ONCE }, () => tryPost(ground, path, body, `storm-${storm}`))
    if (storm < kills) {
      await Promise.race(asked)
      await killRuntime(server)
    }
    const answers = [...(await Promise.all(asked)), await post(ground, path, body, `storm-${storm}`)]
    const started = answers.flatMap((answer) =>
      answer?.status === 202 ? [Started.parse(answer.body).execution_id] : [],
    )
    const odd = answers.filter((answer) => answer !== undefined && ![202, 503].includes(answer.status))
    ledger.attacked('P3', AT_ONCE)
    ledger.expect('P3', new Set(started).size === 1, () => `storm ${storm} made ${new Set(started).size} executions`)
    ledger.expect(
      'P3',
      odd.length === 0,
      () => `storm ${storm} was answered ${odd.map((one) => one?.status).join(' ')}`,
    )
  }
  const total = async () =>
    z.object({ total: z.int() }).parse((await ana.call(`/executions?workflow_id=${workflow}`)).body).total
  const all = await until(async () => ((await total()) === storms ? storms : undefined), 20_000)
  const listed = all ?? (await total())
  ledger.expect('P3', listed === storms, () => `${storms} storms made ${listed} executions in the list`)
}
