/** One workspace floods the server while another one works. Times are told, and only progress is asked for. */
import { randomUUID } from 'node:crypto'
import { chain, httpNode, setNode, trigger } from '#tests/worker/support/graphs'
import { createClient } from '#tests/e2e/support/client'
import { ended, type Ground, post, readInTime, Started, tryPost } from './world.ts'

const LANES = 40
/** Each is looked at afterwards. */
const MAX_ACCEPTED = 500
/** However deep the flood is: what somebody else asks for is answered. */
const PATIENCE_MS = 20_000

function median(times: readonly number[]): number {
  return times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)] ?? 0
}

/** What a person does: looks at the list, starts an execution, waits for its end. */
async function work(ground: Ground, workflow: string, times: number): Promise<{ list: number[]; run: number[] }> {
  const { ledger } = ground
  const taken = { list: [] as number[], run: [] as number[] }
  for (let time = 0; time < times; time += 1) {
    const list = await readInTime(ground, '/workflows?page=1&size=10', PATIENCE_MS)
    ledger.expect('flood', list !== undefined, () => 'the list is not answered beside a flood')
    const began = performance.now()
    const answer = await post(ground, `/workflows/${workflow}/execute`, { inputs: {} }, randomUUID()).catch(
      () => undefined,
    )
    ledger.expect('flood', answer?.status === 202, () => 'no execution can be started beside a flood')
    if (answer?.status !== 202) break
    const execution = await ended(ground, Started.parse(answer.body).execution_id)
    ledger.expect('flood', execution?.status === 'completed', () => 'an execution does not end beside a flood')
    taken.list.push(list ?? PATIENCE_MS)
    taken.run.push(performance.now() - began)
  }
  return taken
}

/** Measures the work alone, then beside a flood. */
export async function floodBeside(ground: Ground, times: number): Promise<void> {
  const { ana, http, ledger, server } = ground
  const definition = chain([trigger, httpNode('call', `${http.url}/echo/flood`), setNode('end', {})])
  const workflow = await ana.createWorkflow(definition)
  const rui = { ...ground, ana: await createClient(server.url) }
  const flooded = await rui.ana.createWorkflow(definition)
  const alone = await work(ground, workflow, times)
  const stop = new AbortController()
  const accepted: string[] = []
  const lanes = Array.from({ length: LANES }, async () => {
    while (!stop.signal.aborted && accepted.length < MAX_ACCEPTED) {
      const answer = await tryPost(rui, `/workflows/${flooded}/execute`, {})
      ledger.attacked('flood')
      const started = Started.safeParse(answer?.status === 202 ? answer.body : undefined)
      if (started.success) accepted.push(started.data.execution_id)
    }
  })
  const beside = await work(ground, workflow, times)
  stop.abort()
  await Promise.all(lanes)
  for (const id of accepted) {
    const execution = await ended(rui, id)
    ledger.expect('flood', execution?.status === 'completed', () => `${id} of the flood is ${execution?.status}`)
  }
  const ratio = (name: 'list' | 'run'): string =>
    `${name} ${median(alone[name]).toFixed(0)} ms alone, ${median(beside[name]).toFixed(0)} ms beside it`
  ledger.note('flood', `${ratio('list')}; ${ratio('run')}`)
}
