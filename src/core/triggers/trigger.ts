import { z } from 'zod'
import { TRIGGER_KINDS } from './find-triggers.ts'

/** A trigger as clients see it. Addresses and secret are for those who may write workflows. */
export const Trigger = z
  .object({
    id: z.uuid(),
    node_id: z.string(),
    kind: z.enum(TRIGGER_KINDS),
    status: z
      .enum(['live', 'paused', 'draft'])
      .describe('`paused`: published, but the workflow is not active; `draft`: not in the published version.'),
    url: z.url().nullable().describe('A webhook’s address; runs the published version.'),
    test_url: z.url().nullable().describe('The same for the draft.'),
    secret: z.string().nullable().describe('Signs (Standard Webhooks), or is the bearer token; null with auth `none`.'),
    next_run_at: z.iso.datetime().nullable().describe('Of a schedule that is live.'),
    last_fired_at: z.iso.datetime().nullable(),
    last_execution_id: z.uuid().nullable(),
    last_error: z.string().nullable(),
    last_error_at: z.iso.datetime().nullable(),
  })
  .meta({ id: 'Trigger' })
export type Trigger = z.infer<typeof Trigger>

export const TriggerList = z.object({ items: z.array(Trigger) }).meta({ id: 'TriggerList' })

export const RotateInput = z
  .strictObject({
    secret: z.boolean().default(true).describe('A new secret; the former one ends at once.'),
    url: z.boolean().default(false).describe('New addresses; the former ones end at once.'),
  })
  .meta({ id: 'TriggerRotateInput' })
export type RotateInput = z.infer<typeof RotateInput>
