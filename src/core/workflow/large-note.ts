/** What clients read instead of a value that is too large for the answer: where it belongs, and where it is. */
import { z } from 'zod'
import { toPointer } from '#core/input/json-pointer'
import type { Hole, LargeRef } from './value.ts'

export const LargeNote = z
  .object({
    path: z.string().describe('JSON Pointer: the place of the value, where null stands.'),
    bytes: z.int().describe('As JSON.'),
    url: z.string().describe('GET answers the whole value, as JSON; a path on this server.'),
  })
  .meta({ id: 'LargeValue' })
export type LargeNote = z.infer<typeof LargeNote>

export function toLargeNote(executionId: string, { at, ref }: Hole): LargeNote {
  return { path: toPointer(at), bytes: ref.bytes, url: valueUrl(executionId, ref) }
}

function valueUrl(executionId: string, { sha256, index }: Pick<LargeRef, 'sha256' | 'index'>): string {
  const url = `/api/v1/executions/${executionId}/values/${sha256}`
  return index === undefined ? url : `${url}?index=${index}`
}

/** For a value that lies in the visit itself. */
export function visitUrl(
  executionId: string,
  { node_id, visit }: { readonly node_id: string; readonly visit: number },
) {
  return `/api/v1/executions/${executionId}/nodes?node_id=${encodeURIComponent(node_id)}&visit=${visit}`
}
