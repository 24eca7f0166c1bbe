/** Sockets that are cut after every k frames, and a server that dies meanwhile (P9). */
import type { JsonObject } from '#lib/json'
import { ExecutionFrame } from '#core/workflow/execution'
import { isLast } from '#tests/e2e/support/client'
import { graph, httpNode, trigger } from '#tests/worker/support/graphs'
import { follow } from './follow.ts'
import { killAll } from './kills.ts'
import { allEvents, END_MS, ended, type Ground, until } from './world.ts'

export const socketUrl = ({ server, ana }: Ground, id: string): string =>
  `${server.url.replace('http', 'ws')}/api/v1/ws/execution/${id}?token=${ana.token}`

/** start -> each -body-> call -> each: some hundred frames that take a while. */
export function talkative(url: string, items: number): JsonObject {
  const definition = graph(
    [
      trigger,
      { id: 'each', type: 'loop', config: { items: Array.from({ length: items }, (_, n) => n), concurrency: 2 } },
      httpNode('call', url),
    ],
    ['start -> each', 'each:body -> call'],
  )
  const back = { id: 'back', source: 'call', sourceHandle: 'out', target: 'each', targetHandle: 'next' }
  const edges = Array.isArray(definition['edges']) ? definition['edges'] : []
  return { ...definition, edges: [...edges, back] }
}

export function isSame(seen: readonly ExecutionFrame[], events: readonly ExecutionFrame[]): boolean {
  return JSON.stringify(seen) === JSON.stringify(events)
}

/** Follows one run many times over, each socket cut after another number of frames; the server dies in the middle. */
export async function cutStreams(ground: Ground, cuts: readonly number[], items: number): Promise<void> {
  const { ana, chance, http, ledger, server } = ground
  const id = await ana.start(talkative(`${http.url}/echo/talk`, items))
  const signal = AbortSignal.timeout(2 * END_MS)
  const onCut = (): void => ledger.attacked('P9')
  const parse = (frame: unknown) => ExecutionFrame.safeParse(frame).data
  const run = { url: socketUrl(ground, id), parse, isLast, onCut, signal }
  const followers = [
    ...cuts.map((k) => follow({ ...run, cutAfter: () => k })),
    follow({ ...run, cutAfter: () => 1 + chance.below(40) }),
    follow({ ...run, cutAfter: () => Number.POSITIVE_INFINITY }),
  ]
  // When a third of it has happened.
  await until(async () => ((await ana.events(id)).length > items ? true : undefined))
  await killAll(server)
  const seen = await Promise.all(followers)
  await ended(ground, id)
  const events = await allEvents(ground, id)
  for (const [index, frames] of seen.entries()) {
    ledger.attacked('P9')
    const places = frames.map(({ seq }) => seq).join(' ')
    ledger.expect('P9', isSame(frames, events), () => `follower ${index} of ${id} saw ${places} of ${events.length}`)
  }
}
