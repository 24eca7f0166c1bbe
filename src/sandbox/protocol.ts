/**
 * What travels between an actor and the sandbox. A request is lines of JSON: the control, then one value each, which
 * only the code's own JavaScript parses. The answer is one JSON.
 */
import { z } from 'zod'
import { AnyJson } from '#core/json'
import type { SandboxBatch } from '#core/workflow/sandbox'
import type { Json } from '#lib/json'

/** The header that says whose code it is: nobody's may take all the threads. */
export const WORKSPACE_HEADER = 'x-workspace'

const Program = z.object({
  kind: z.enum(['expression', 'body']),
  source: z.string(),
  roots: z.array(z.string()),
})

export const Control = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('evaluate'),
    now: z.string(),
    /** Whose values the next lines are. */
    roots: z.array(z.string()),
    /** Whether one more line follows: the items for which each program runs. */
    perItem: z.boolean(),
    programs: z.array(Program),
  }),
  /** Two lines follow: the schema and the value. */
  z.object({ type: z.literal('validate') }),
])
export type EvaluateControl = z.infer<typeof Control> & { type: 'evaluate' }

export const LIMITS = ['memory', 'steps', 'stack', 'time', 'result', 'crash'] as const
export type Limit = (typeof LIMITS)[number]

const Outcome = z.union([
  z.object({ error: z.string(), index: z.int().optional() }),
  z.object({ value: AnyJson.optional() }),
])

export const Answer = z.union([
  z.object({ limit: z.enum(LIMITS) }),
  z.object({ outcomes: z.array(Outcome) }),
  z.object({ errors: z.array(z.object({ path: z.string(), message: z.string() })) }),
  z.object({ badSchema: z.string() }),
])
export type Answer = z.infer<typeof Answer>

export function encodeBatch({ programs, scope, items, now }: SandboxBatch): string {
  const roots = Object.keys(scope)
  const control: EvaluateControl = {
    type: 'evaluate',
    now,
    roots,
    perItem: items !== undefined,
    programs: programs.map(({ kind, source, roots: used }) => ({ kind, source, roots: [...used] })),
  }
  const values: unknown[] = [...Object.values(scope), ...(items === undefined ? [] : [items])]
  return [control, ...values].map((value) => JSON.stringify(value)).join('\n')
}

export function encodeValidation(schema: Json, value: Json): string {
  const control: z.infer<typeof Control> = { type: 'validate' }
  return [control, schema, value].map((part) => JSON.stringify(part)).join('\n')
}

export function limitAnswer(limit: Limit): string {
  return JSON.stringify({ limit } satisfies Answer)
}
