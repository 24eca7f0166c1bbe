import { z } from 'zod'
import { parseEnvText } from './env-text.ts'
import { Host } from './hosts.ts'
import { VARIABLE_PROBLEMS } from './problems.ts'

export const MAX_VARIABLES = 1_000
const MAX_VALUE_BYTES = 32 * 1024
/** What is shorter stands in too many answers by chance to be taken out of them. */
export const MIN_SECRET_LENGTH = 4

const utf8 = new TextEncoder()

const says = (sentence: keyof typeof VARIABLE_PROBLEMS, limit = 0) => ({
  params: { sentence: VARIABLE_PROBLEMS[sentence], values: { limit } },
})

export const VariableKey = z.string().refine((text) => /^[A-Za-z_][A-Za-z0-9_]{0,127}$/.test(text), says('key'))

/** Each line is a statement or two. */
const MAX_LINES = 200
export const EnvText = z
  .string()
  .refine((text) => parseEnvText(text).length <= MAX_LINES, says('too_many_lines', MAX_LINES))

const fields = {
  key: VariableKey.describe('How expressions name it: `$vars.KEY`, or `$secrets.KEY` for a secret.'),
  value: z
    .string()
    .refine((text) => utf8.encode(text).length <= MAX_VALUE_BYTES, says('value_too_large', MAX_VALUE_BYTES))
    .describe('Of a secret: at least 4 characters, and never read back.'),
  secret: z.boolean().describe('Encrypted, never read back, and only for fields that may hold a secret.'),
  description: z.string().max(2_000).nullable(),
  category: z.string().trim().max(100).nullable(),
  hosts: z
    .array(Host)
    .max(50)
    .describe('The hosts that a secret may be sent to (`api.example.com`, `*.example.com`); empty for any.'),
  is_active: z.boolean().describe('One that is not active does not exist for workflows.'),
}

export const VariableInput = z
  .strictObject({
    key: fields.key,
    value: fields.value,
    secret: fields.secret.default(false),
    description: fields.description.default(null),
    category: fields.category.default(null),
    hosts: fields.hosts.default([]),
    is_active: fields.is_active.default(true),
  })
  .refine(({ secret, value }) => !secret || isLongEnough(value), {
    path: ['value'],
    ...says('secret_too_short', MIN_SECRET_LENGTH),
  })
  .refine(({ secret, hosts }) => secret || hosts.length === 0, { path: ['hosts'], ...says('hosts_without_secret') })
  .meta({ id: 'VariableInput' })
export type VariableInput = z.infer<typeof VariableInput>

/** `value: null`, as a secret is read, leaves the value as it is. */
export const VariablePatch = z
  .strictObject({ ...fields, value: fields.value.nullable() })
  .partial()
  .meta({ id: 'VariablePatch' })
export type VariablePatch = z.infer<typeof VariablePatch>

/** Whether a secret's value can be taken out of answers without taking half of them along. */
export function isLongEnough(value: string): boolean {
  return value.length >= MIN_SECRET_LENGTH
}

export const Variable = z
  .object({
    id: z.uuid(),
    key: z.string(),
    value: z.string().nullable().describe('Null for a secret: it is never read back.'),
    secret: z.boolean(),
    description: z.string().nullable(),
    category: z.string().nullable(),
    hosts: z.array(z.string()),
    is_active: z.boolean(),
    created_at: z.iso.datetime(),
    updated_at: z.iso.datetime(),
  })
  .meta({ id: 'Variable' })
export type Variable = z.infer<typeof Variable>

/** The text of a `.env` file, to be kept as variables. */
export const VariableImport = z
  .strictObject({
    content: EnvText.describe('The text of a `.env` file; a masked value leaves the secret as it is.'),
    overwrite: z
      .boolean()
      .default(false)
      .describe('Gives known variables their new values; otherwise they are skipped.'),
    secret: z
      .boolean()
      .optional()
      .describe('Absent: new ones become secrets where their value is long enough for one.'),
    category: fields.category.default(null),
  })
  .meta({ id: 'VariableImport' })
export type VariableImport = z.infer<typeof VariableImport>

/** What became of several variables: each key stands in one of the lists. */
export const VariableOutcome = z
  .object({
    created: z.array(z.string()),
    updated: z.array(z.string()),
    skipped: z.array(z.string()),
    errors: z.array(z.object({ key: z.string(), detail: z.string() })),
    total: z.int(),
  })
  .meta({ id: 'VariableOutcome' })
export type VariableOutcome = z.infer<typeof VariableOutcome>

export const VariableFilter = z.object({
  search: z.string().trim().min(1).max(200).optional().describe('Part of the key or the description.'),
  secret: z.stringbool().optional(),
  category: z.string().optional(),
  is_active: z.stringbool().optional(),
})
export type VariableFilter = z.infer<typeof VariableFilter>
