/** Webhook runs that end at once: a 2xx means that PostgreSQL has it, once, however often it is delivered (P1, P3). */
import { z } from 'zod'
import { chain, setNode } from '#tests/worker/support/graphs'
import type { Job, Kind } from './jobs.ts'
import type { PromiseName } from './ledger.ts'
import { createHook, expectSound, type Ground, until } from './world.ts'

const Told = z.object({ execution_id: z.uuid(), status: z.string() })
type Told = z.infer<typeof Told>
const Total = z.object({ total: z.int() })

export interface AtOnce {
  readonly kind: Kind
  /** To be called at the end: PostgreSQL has as many executions as there were deliveries. */
  readonly check: () => Promise<void>
}

/** @param promise whose loss it is when an execution is not there */
export async function prepareAtOnce(ground: Ground, promise: PromiseName, ids: string[]): Promise<AtOnce> {
  const { ana, ledger } = ground
  const config = { auth: 'none', delivery_header: 'X-Delivery' }
  const hook = { id: 'hook', type: 'trigger.webhook', config }
  const { workflowId, url } = await createHook(ground, chain([hook, setNode('end', { n: '{{ $trigger.body.n }}' })]))
  const delivered = new Set<string>()
  let atOnce = 0

  async function send(n: number): Promise<Told | undefined> {
    const headers = { 'Content-Type': 'application/json', 'X-Delivery': `once-${n}` }
    const init = { method: 'POST', headers, body: JSON.stringify({ n }) }
    const response = await fetch(url, init).catch(() => undefined)
    const body: unknown = await response?.json().catch(() => undefined)
    return response?.status === 202 ? Told.parse(body) : undefined
  }

  async function kind(n: number): Promise<Job> {
    // A sender that is impatient: twice at the same moment.
    const told = (await Promise.all([send(n), send(n)])).filter((one) => one !== undefined)
    atOnce += told.some(({ status }) => status === 'completed') ? 1 : 0
    return {
      isAccepted: told.length > 0,
      async settle() {
        const again = await until(() => send(n))
        const all = new Set([...told, ...(again === undefined ? [] : [again])].map((one) => one.execution_id))
        const [id = ''] = all
        ledger.attacked('P3')
        ledger.expect('P3', all.size === 1, () => `delivery once-${n} made ${[...all].join(' ') || 'nothing'}`)
        ids.push(id)
        delivered.add(id)
        const execution = await expectSound(ground, promise, id)
        ledger.expect(
          'P2',
          JSON.stringify(execution?.output) === JSON.stringify({ n }),
          () => `${id} put out other than ${n}`,
        )
      },
    }
  }

  return {
    kind,
    check: async () => {
      const path = `/executions?workflow_id=${workflowId}&size=1`
      const count = async (): Promise<number> => Total.parse((await ana.call(path)).body).total
      await until(async () => ((await count()) === delivered.size ? true : undefined))
      const found = await count()
      ledger.expect('P3', found === delivered.size, () => `${delivered.size} deliveries made ${found} executions`)
      ledger.note(promise, `${atOnce} of ${delivered.size} webhook runs had ended when they were answered`)
    },
  }
}
