/**
 * Values of a run as its events and its state hold them: small ones as they are, large ones as references to objects.
 *
 * V1  A reference is told from JSON by its class: no JSON that a user writes can be one. Where text has to carry it
 *     (storage, other actors) it stands beside the value, as a `Hole`, and null in its place.
 * V2  A reference names content (SHA-256), so the same value is the same object however often it is passed on.
 * V3  Within a value references stand where a run has put values together: what several edges bring, what comes back of
 *     a loop's items, the outputs of several ends. What an object in storage holds is JSON throughout.
 */
import { z } from 'zod'
import type { Json } from '#lib/json'

export const LargeRef = z.object({
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  /** As JSON in UTF-8; of a member the whole's. */
  bytes: z.int(),
  /** The execution whose object it was when it was put out; a run that takes it over copies it. */
  owner: z.string(),
  /** It is only this member of the list. */
  index: z.int().optional(),
})
export type LargeRef = z.infer<typeof LargeRef>

/** Stands for a value that lies elsewhere. */
export class LargeValue {
  readonly ref: LargeRef

  constructor(ref: LargeRef) {
    this.ref = ref
  }
}

/** JSON that may be, or have as members, references. */
export type Value = Json | LargeValue | Value[] | { [key: string]: Value }

/** As `AnyJson`: what has been read by `fillHoles` is known to be one. */
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- that it is one is what our callers know
export const AnyValue = z.unknown() as unknown as z.ZodType<Value>

/** Where in a record a reference stands. */
export const Hole = z.object({ at: z.array(z.union([z.string(), z.int()])), ref: LargeRef })
export type Hole = z.infer<typeof Hole>

/** What a record with holes has beside its own fields. */
export const Holes = z.object({ large: z.array(Hole).optional() })
export interface Holes {
  readonly large?: readonly Hole[] | undefined
}

export function isLarge(value: unknown): value is LargeValue {
  return value instanceof LargeValue
}

/** A value of a run that holds no reference: it is not looked for. */
export function asJson(value: Value): Json {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- that there is none is what our callers know
  return value as Json
}

/** The references in a value. */
export function largeIn(value: Value): LargeValue[] {
  const found: LargeValue[] = []
  walk(value, (large) => found.push(large))
  return found
}

/** The value with `resolve` in the place of each reference; itself when there is none. */
export function fill(value: Value, resolve: (large: LargeValue) => Json): Json {
  return holds(value) ? replace(value, [], resolve) : value
}

/** The value with null for each reference, whose places are added to `holes`. */
export function takeOut(value: Value, at: Hole['at'], holes: Hole[]): Json {
  if (!holds(value)) return value
  return replace(value, at, ({ ref }, place) => {
    holes.push({ at: place, ref })
    return null
  })
}

/** Whether there is a reference in it: without one it is JSON. */
function holds(value: Value): value is Exclude<Value, Json> {
  if (typeof value !== 'object' || value === null) return false
  if (isLarge(value)) return true
  if (Array.isArray(value)) return value.some(holds)
  for (const key in value) if (holds(value[key] ?? null)) return true
  return false
}

function walk(value: Value, visit: (large: LargeValue) => void): void {
  if (typeof value !== 'object' || value === null) return
  if (isLarge(value)) visit(value)
  else for (const member of Object.values(value)) walk(member, visit)
}

function replace(value: Value, at: Hole['at'], resolve: (large: LargeValue, at: Hole['at']) => Json): Json {
  if (isLarge(value)) return resolve(value, at)
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map((one, index) => replace(one, [...at, index], resolve))
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, replace(one, [...at, key], resolve)]))
}

/** The fields that tell of holes; none where there are none. */
export function withHoles(holes: readonly Hole[]): Holes {
  return holes.length === 0 ? {} : { large: holes }
}

/** Puts something into each hole of a record, in place: it is to be the caller's own. */
export function fillHoles(record: object, holes: readonly Hole[], content: (ref: LargeRef) => unknown): void {
  for (const { at, ref } of holes) {
    const last = at.at(-1)
    const parent = at.slice(0, -1).reduce<unknown>(memberOf, record)
    if (last !== undefined && typeof parent === 'object' && parent !== null) Reflect.set(parent, last, content(ref))
  }
}

function memberOf(value: unknown, key: string | number): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined
}

/** A record of the caller's own with its references in their places. */
export function restore<Row extends object>({ large = [], ...record }: Row & Holes): Omit<Row & Holes, 'large'> {
  fillHoles(record, large, (ref) => new LargeValue(ref))
  return record
}

/** References as others are given them by an execution that has the objects itself. */
export function ownedBy(executionId: string, holes: readonly Hole[]): Hole[] {
  return holes.map(({ at, ref }) => ({ at, ref: { ...ref, owner: executionId } }))
}

/** A member of a list that is a reference, or of one that is not. */
export function memberAt(list: readonly Value[] | LargeValue, index: number): Value {
  if (isLarge(list)) return new LargeValue({ ...list.ref, index })
  return list[index] ?? null
}

/** What a member reference means, of the whole that was read. */
export function pick(whole: Json, { index }: Pick<LargeRef, 'index'>): Json {
  if (index === undefined) return whole
  return Array.isArray(whole) ? (whole[index] ?? null) : null
}
