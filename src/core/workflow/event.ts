/** The events of a run, as they are stored: the truth that everything else is folded from. */
import { z } from 'zod'
import { AnyJson } from '#core/json'
import { NodeError } from './node-error.ts'
import { AnyValue, LargeValue } from './value.ts'

/** A visit of a node: `visit` counts from 1 for each node. */
export const VisitRef = z.object({ node_id: z.string(), visit: z.int() })
export type VisitRef = z.infer<typeof VisitRef>

/** An item of a loop: the loop's visit, and which item of it, from 0. */
export const ItemRef = z.object({ ...VisitRef.shape, index: z.int() })
export type ItemRef = z.infer<typeof ItemRef>

/** A value on its way: which edge brought it, and whose output it is. */
const Token = z.object({ edge: z.string(), from: VisitRef })
export type Token = z.infer<typeof Token>

const until = z.number().nullable()

/** What a visit waits for, and at most until when (Unix milliseconds). */
export const Wait = z.discriminatedUnion('for', [
  z.object({ for: z.literal('time'), until: z.number() }),
  z.object({ for: z.literal('signal'), name: z.string(), key: z.string().nullable(), until }),
  z.object({
    for: z.literal('approval'),
    title: z.string(),
    message: z.string().nullable(),
    approvers: z.array(z.string()),
    until,
  }),
  z.object({ for: z.literal('execution'), execution_id: z.string(), workflow_id: z.string(), until }),
])
export type Wait = z.infer<typeof Wait>

/** What a `respond` node answers to whoever started the run and waits for it. */
export const RunResponse = z.object({
  status: z.int(),
  headers: z.record(z.string(), z.string()),
  body: AnyValue,
})
export type RunResponse = z.infer<typeof RunResponse>

/** How a child execution ended. */
export const ChildEnd = z.object({
  execution_id: z.string(),
  status: z.enum(['completed', 'failed', 'cancelled', 'timeout']),
  output: AnyValue,
  error: NodeError.nullable(),
})
export type ChildEnd = z.infer<typeof ChildEnd>

/** An event from outside, as it is kept until a visit waits for it. */
const Signal = z.object({ id: z.string(), name: z.string(), key: z.string().nullable(), body: AnyJson })
export type Signal = z.infer<typeof Signal>

export const ON_ITEM_ERROR = ['fail', 'skip', 'collect'] as const
export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

const at = z.number()
const performed = { ...VisitRef.shape, at, attempt: z.int(), performance: z.int() }

/** Each is also a frame for watchers (`toFrame`), and stored as `stored-event.ts` says. `at` is Unix milliseconds. */
export const RunEvent = z.discriminatedUnion('type', [
  z.object({ type: z.literal('execution_started'), at, inputs: AnyValue }),
  z.object({
    type: z.literal('node_started'),
    ...performed,
    tokens: z.array(Token),
    /** The item that it belongs to; outside of loops there is none. */
    item: ItemRef.optional(),
  }),
  z.object({
    type: z.literal('node_completed'),
    ...performed,
    handles: z.array(z.string()),
    output: AnyValue,
    response: RunResponse.optional(),
    /** It was not performed: an earlier execution did that, which this one goes on from. */
    reused: z.boolean().optional(),
    /** The signal that it waited for, which is thereby used up. */
    signal: z.string().optional(),
  }),
  z.object({ type: z.literal('node_retrying'), ...performed, resume_at: z.number(), error: NodeError }),
  z.object({
    type: z.literal('node_failed'),
    ...performed,
    error: NodeError,
    on_error: z.enum(['fail', 'continue', 'branch']),
  }),
  z.object({ type: z.literal('node_skipped'), at, node_id: z.string() }),
  /** A visit begins to wait; the run goes on with whatever else there is. */
  z.object({ type: z.literal('execution_waiting'), ...performed, wait: Wait }),
  z.object({
    type: z.literal('loop_started'),
    ...performed,
    items: z.union([z.instanceof(LargeValue), z.array(AnyValue)]),
    /** How many there are, where the list itself lies elsewhere. */
    total: z.int().optional(),
    concurrency: z.int(),
    on_item_error: z.enum(ON_ITEM_ERROR),
  }),
  z.object({ type: z.literal('item_finished'), ...ItemRef.shape, at, error: NodeError.optional() }),
  z.object({ type: z.literal('signal_received'), at, signal: Signal }),
  z.object({ type: z.literal('child_finished'), at, end: ChildEnd }),
  z.object({
    type: z.literal('log_message'),
    ...VisitRef.shape,
    at,
    level: z.enum(LOG_LEVELS),
    message: z.string(),
    data: AnyJson.optional(),
  }),
  z.object({ type: z.literal('node_progress'), ...VisitRef.shape, at, progress: AnyJson }),
  z.object({ type: z.literal('execution_paused'), at, by: z.string().nullable() }),
  z.object({ type: z.literal('execution_resumed'), at, by: z.string().nullable() }),
  z.object({ type: z.literal('execution_completed'), at, output: AnyValue }),
  z.object({ type: z.literal('execution_failed'), at, status: z.enum(['failed', 'timeout']), error: NodeError }),
  z.object({ type: z.literal('execution_cancelled'), at, by: z.string().nullable() }),
])
export type RunEvent = z.infer<typeof RunEvent>
