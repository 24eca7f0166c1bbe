/** Records of executions as clients get them: large values in their places, as far as one answer holds them. */
import { toLargeNote } from '#core/workflow/large-note'
import { MAX_LOADED_BYTES } from '#core/workflow/limits'
import { fillHoles, type Hole, type Holes, pick } from '#core/workflow/value'
import type { LargeNote } from '#core/workflow/large-note'
import { openValue } from '#files/value-objects'
import type { Json } from '#lib/json'
import { describeError, logLine } from '#lib/log'
import { valueKeys } from './run-objects.ts'

/** Of the large values in one answer: the rest is told where it is. */
export const ANSWER_BYTES = 8_388_608

/** Whose values they are. */
interface Place {
  readonly env: Pick<Env, 'FILES'>
  readonly workspaceId: string
  readonly executionId: string
}

/** How much more an answer may hold; shared by all records of a page. */
export interface Allowance {
  bytesLeft: number
}

export type Presented<Row extends Holes> = Omit<Row, 'large'> & { readonly large?: LargeNote[] }

/**
 * A record that is the caller's own, with its large values read in place as far as they are allowed; the others are
 * told in `large`.
 */
export async function presentRecord<Row extends Holes>(
  place: Place,
  record: Row,
  allowance: Allowance,
): Promise<Presented<Row>> {
  const { large = [], ...rest } = record
  const left: Hole[] = []
  for (const hole of large) {
    const value = hole.ref.bytes > allowance.bytesLeft ? undefined : await readValue(place, hole)
    if (value === undefined) left.push(hole)
    else {
      allowance.bytesLeft -= hole.ref.bytes
      fillHoles(rest, [hole], () => value)
    }
  }
  return left.length === 0 ? rest : { ...rest, large: notesOf(place.executionId, left) }
}

/**
 * The same with every large value in its place, for who cannot be told to fetch one.
 *
 * @throws Error when one cannot be read
 */
export async function readRecord<Row extends Holes>(place: Place, record: Row): Promise<Presented<Row>> {
  const presented = await presentRecord(place, record, { bytesLeft: MAX_LOADED_BYTES })
  if (presented.large !== undefined) throw new Error(`execution ${place.executionId}: a large value cannot be read`)
  return presented
}

/** The same without reading anything, for lists. */
export function noteRecord<Row extends Holes>(executionId: string, { large, ...rest }: Row): Presented<Row> {
  return large === undefined ? rest : { ...rest, large: notesOf(executionId, large) }
}

function notesOf(executionId: string, holes: readonly Hole[]): LargeNote[] {
  return holes.map((hole) => toLargeNote(executionId, hole))
}

/** undefined where R2 does not give it now: the answer says where it is all the same. */
async function readValue({ env, workspaceId, executionId }: Place, { ref }: Hole): Promise<Json | undefined> {
  try {
    const object = await openValue(env.FILES, valueKeys(workspaceId, executionId, ref))
    return object && pick(await object.json<Json>(), ref)
  } catch (error) {
    logLine('warn', { event: 'value_unread', execution_id: executionId, error: describeError(error) })
    return undefined
  }
}
