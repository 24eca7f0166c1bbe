/**
 * The large values of a run: put into R2 before the event that holds them is written, and read when a visit needs them.
 *
 * A crash between the two leaves at worst an object that nothing names, under the execution's own prefix (P2). R2 away is
 * like PostgreSQL away: the visit is tried again and uses up no attempt.
 */
import type { Decision, Emission } from '#core/workflow/node-type'
import type { RunHeader } from '#core/workflow/execution'
import { inlineLimit, MAX_LOADED_BYTES } from '#core/workflow/limits'
import { nodeError, NodeFailure } from '#core/workflow/node-error'
import type { RunState } from '#core/workflow/run'
import type { KeptDecision } from '#core/workflow/step'
import { type LargeRef, LargeValue, pick, type Value } from '#core/workflow/value'
import { openValue, putValue } from '#files/value-objects'
import { type Json, measureJson } from '#lib/json'
import { describeError, logLine } from '#lib/log'
import { valueKey, valueKeys } from '#services/executions/run-objects'
import { createByteGate } from './byte-gate.ts'

/** Of the values that are held for the next visit; the last one stays however large it is. */
const CACHE_BYTES = 16_777_216
const PATIENCE_MS = 30_000
const PUT_ATTEMPTS = 3
const PUT_PAUSE_MS = 200

export interface LoadedValues {
  readonly read: (large: LargeValue) => Json
  /** The visit is over: what it held may go. */
  release(): void
}

export interface RunValues {
  /** @throws NodeFailure `values_too_large`, `value_missing`, `storage_unavailable` */
  load(needs: readonly LargeRef[]): Promise<LoadedValues>
  /** @throws NodeFailure `storage_unavailable` */
  keep(value: Json): Promise<Value>
  /** @throws NodeFailure `storage_unavailable` */
  keepDecision(decision: Decision): Promise<Emission<Value> | KeptDecision>
  /** Lets go of what is held for the next visit: there is none for now. */
  forget(): void
}

type Run = Pick<RunHeader, 'workspaceId' | 'executionId'>

export function createRunValues({ FILES }: Pick<Env, 'FILES'>, run: Run, state: RunState): RunValues {
  const { workspaceId, executionId } = run
  const gate = createByteGate(MAX_LOADED_BYTES)
  /** The least recently used first. */
  const cache = new Map<string, { readonly json: Json; readonly bytes: number }>()
  /** What was read or put, so that a value that is only passed on is not written out again. */
  const known = new WeakMap<object, LargeRef>()

  function remember(ref: LargeRef, json: Json): void {
    if (typeof json === 'object' && json !== null) known.set(json, ref)
    cache.delete(ref.sha256)
    cache.set(ref.sha256, { json, bytes: ref.bytes })
    let held = 0
    for (const { bytes } of cache.values()) held += bytes
    for (const [sha256, { bytes }] of cache) {
      if (held <= CACHE_BYTES || cache.size === 1) return
      cache.delete(sha256)
      held -= bytes
    }
  }

  async function readOne(ref: LargeRef): Promise<Json> {
    const { index: _index, ...whole } = ref
    const found = cache.get(ref.sha256)
    const json = found === undefined ? await fetchOne(whole) : found.json
    remember(whole, json)
    return json
  }

  async function fetchOne(ref: LargeRef): Promise<Json> {
    const json = await patiently(async () => {
      const object = await openValue(FILES, valueKeys(workspaceId, executionId, ref))
      return object === undefined ? undefined : object.json<Json>()
    })
    if (json === undefined) throw new NodeFailure(nodeError('value_missing', { sha256: ref.sha256 }))
    return json
  }

  async function put(value: Json): Promise<LargeValue> {
    const passedOn = typeof value === 'object' && value !== null ? known.get(value) : undefined
    if (passedOn !== undefined) return new LargeValue(passedOn)
    const json = new TextEncoder().encode(JSON.stringify(value))
    const sha256 = new Uint8Array(await crypto.subtle.digest('SHA-256', json)).toHex()
    const ref = state.large.get(sha256) ?? { sha256, bytes: json.byteLength, owner: executionId }
    if (!state.large.has(sha256)) await putPatiently(valueKey(workspaceId, executionId, sha256), json)
    remember(ref, value)
    return new LargeValue(ref)
  }

  /** What the node did is done: it is not done again because R2 hesitates. */
  async function putPatiently(key: string, json: Uint8Array): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await patiently(() => putValue(FILES, key, json))
      } catch (error) {
        if (attempt === PUT_ATTEMPTS) throw error
        await scheduler.wait(PUT_PAUSE_MS * attempt)
      }
    }
  }

  async function keep(value: Json): Promise<Value> {
    return measureJson(value, Number.POSITIVE_INFINITY) > inlineLimit(state) ? put(value) : value
  }

  /** Large items by themselves; when they are many small ones, the list. */
  async function keepItems(items: readonly Json[]): Promise<{ items: readonly Value[] | LargeValue; total?: number }> {
    const limit = inlineLimit(state)
    if (measureJson(items, Number.POSITIVE_INFINITY) <= limit) return { items }
    const kept: Value[] = []
    for (const item of items) kept.push(await keep(item))
    if (measureJson(kept, Number.POSITIVE_INFINITY) <= limit) return { items: kept }
    return { items: await put([...items]), total: items.length }
  }

  return {
    async load(needs) {
      const refs = new Map(needs.map((ref) => [ref.sha256, ref]))
      let bytes = 0
      for (const ref of refs.values()) bytes += ref.bytes
      if (bytes > MAX_LOADED_BYTES) throw new NodeFailure(nodeError('values_too_large', { limit: MAX_LOADED_BYTES }))
      const release = await gate.enter(bytes)
      try {
        const read = new Map<string, Json>()
        for (const ref of refs.values()) read.set(ref.sha256, await readOne(ref))
        return { release, read: ({ ref }) => pick(read.get(ref.sha256) ?? null, ref) }
      } catch (error) {
        release()
        throw error
      }
    },
    keep,
    forget: () => cache.clear(),
    async keepDecision(decision) {
      switch (decision.kind) {
        case 'wait':
          return decision
        case 'loop':
          return { ...decision, ...(await keepItems(decision.items)) }
        case 'respond': {
          const { response } = decision
          const output = await keep(decision.output)
          return { ...decision, output, response: { ...response, body: await keep(response.body) } }
        }
        default:
          return { ...decision, output: await keep(decision.output) }
      }
    },
  }
}

/** @throws NodeFailure `storage_unavailable` */
async function patiently<T>(work: () => Promise<T>): Promise<T> {
  const waiting = new AbortController()
  try {
    const timeout = scheduler.wait(PATIENCE_MS, { signal: waiting.signal }).then(() => {
      throw new Error(`R2 has not answered in ${PATIENCE_MS} ms`)
    })
    return await Promise.race([work(), timeout])
  } catch (error) {
    logLine('warn', { event: 'storage_unavailable', error: describeError(error) })
    throw new NodeFailure(nodeError('storage_unavailable'), { retryable: true, isOurs: true })
  } finally {
    waiting.abort()
  }
}
