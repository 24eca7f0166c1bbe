import { z } from 'zod'
import { ERRORS, type ErrorCode } from '#core/errors'
import type { Permission } from '#core/permissions'

/** Where a route leaves notes on its operation for `openapi.ts`, which follows and removes them. */
export const MARKS_FIELD = 'x-marks'

const Sentence = z.object({ pt: z.string(), en: z.string() })

/** What hono's route configuration has no words for. */
export const Marks = z.object({
  summary: Sentence,
  description: Sentence.optional(),
  public: z.boolean().default(false),
  workspaceFrom: z.enum(['header', 'path']).default('header'),
  /** One of them is enough. */
  permissions: z.array(z.custom<Permission>((name) => typeof name === 'string')).default([]),
  bodyOptional: z.boolean().default(false),
  forms: z.boolean().default(false),
  files: z.boolean().default(false),
  /** JSON Schema of a form. */
  form: z.looseObject({ type: z.literal('object') }).optional(),
  errors: z.array(z.custom<ErrorCode>((code) => typeof code === 'string' && code in ERRORS)).default([]),
})
export type Marks = z.infer<typeof Marks>
