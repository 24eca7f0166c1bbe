import { z } from 'zod'

const MAX_DAYS = 36_500
/** Who may do something must not be able to make it forgotten at once. */
const MIN_AUDIT_DAYS = 30

const days = z.int().min(0).max(MAX_DAYS).nullable().optional()

/** What is kept for how long, where a workspace wants it otherwise than the installation. */
export const RetentionPatch = z
  .strictObject({
    executions_days: days.describe('After their end, with their nodes, events and outputs.'),
    audit_days: z
      .union([z.literal(0), z.int().min(MIN_AUDIT_DAYS).max(MAX_DAYS)])
      .nullable()
      .optional()
      .describe(`At least ${MIN_AUDIT_DAYS}.`),
    events_days: days.describe('Deliveries of events, once they are over.'),
    files_days: days.describe('After their upload.'),
    chats_days: days.describe('After the last that was said or changed in them.'),
  })
  .describe('In days; 0 keeps for ever, null takes the installation’s default.')
  .meta({ id: 'RetentionPatch' })
export type RetentionPatch = z.infer<typeof RetentionPatch>

const shown = z.int().nullable()

/** The same as it is read: null for the installation's default. */
export const Retention = z
  .object({ executions_days: shown, audit_days: shown, events_days: shown, files_days: shown, chats_days: shown })
  .meta({ id: 'Retention' })
export type Retention = z.infer<typeof Retention>

export type RetentionKey = keyof Retention

/** All of them. */
export function toRetention(former: Partial<Retention> | null): Retention {
  const {
    executions_days = null,
    audit_days = null,
    events_days = null,
    files_days = null,
    chats_days = null,
  } = former ?? {}
  return { executions_days, audit_days, events_days, files_days, chats_days }
}
