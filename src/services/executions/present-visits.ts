/** A page of visits, which has a size in bytes whatever the nodes put out. */
import type { NodeVisit, VisitRecord } from '#core/workflow/execution'
import { type LargeNote, visitUrl } from '#core/workflow/large-note'
import type { Ctx } from '#services/context'
import type { Json } from '#lib/json'
import { type Allowance, ANSWER_BYTES, presentRecord } from './present-record.ts'

/** Smaller values stay, however full the page is. */
const SMALL_BYTES = 1_024

/** A visit of a page, with notes on what was left out of it. */
export type BoundVisit = VisitRecord & { readonly leftOut?: readonly LargeNote[] }

/** The visit as it fits: a value beyond what the page may hold is told where it is. The first is there in any case. */
export function boundVisit(executionId: string, visit: VisitRecord, allowance: Allowance): BoundVisit {
  const isFirst = allowance.bytesLeft === ANSWER_BYTES
  const leftOut: LargeNote[] = []
  const bound = (name: 'input' | 'output'): Json => {
    const value = visit[name]
    const bytes = JSON.stringify(value).length
    if (bytes > SMALL_BYTES && bytes > allowance.bytesLeft && !isFirst) {
      leftOut.push({ path: `/${name}`, bytes, url: visitUrl(executionId, visit) })
      return null
    }
    allowance.bytesLeft -= bytes
    return value
  }
  const [input, output] = [bound('input'), bound('output')]
  if (leftOut.length === 0) return visit
  // A value that is left out takes the holes in it along.
  const large = visit.large?.filter(({ at }) => !leftOut.some(({ path }) => path === `/${at[0]}`))
  return { ...visit, input, output, large, leftOut }
}

/** The same with large values read in place, as far as the answer holds them. */
export async function presentVisits(
  ctx: Ctx,
  executionId: string,
  visits: readonly BoundVisit[],
): Promise<NodeVisit[]> {
  const place = { env: ctx.env, workspaceId: ctx.principal.workspaceId, executionId }
  const held = visits.reduce((bytes, { input, output }) => bytes + JSON.stringify([input, output]).length, 0)
  const allowance = { bytesLeft: ANSWER_BYTES - held }
  const presented: NodeVisit[] = []
  for (const { leftOut = [], ...visit } of visits) {
    const { large = [], ...rest } = await presentRecord(place, visit, allowance)
    const notes = [...large, ...leftOut]
    presented.push(notes.length === 0 ? rest : { ...rest, large: notes })
  }
  return presented
}
