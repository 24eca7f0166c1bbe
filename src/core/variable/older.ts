/** Variables as older clients send and read them, under `/user-variables`. */
import { z } from 'zod'
import { VARIABLE_PROBLEMS } from './problems.ts'
import { EnvText, isLongEnough, MIN_SECRET_LENGTH, Variable, VariableInput, VariablePatch } from './variable.ts'

/** What they show for a secret, and send back when nobody has typed another value. */
const MASK = '********'

const aliases = { is_encrypted: z.boolean().optional() }

/** They encrypt unless told otherwise; what is too short for a secret was none. */
export const OlderInput = z
  .strictObject({ ...VariableInput.shape, secret: z.boolean().optional(), ...aliases })
  .transform(({ is_encrypted, secret, ...rest }, context) => {
    const chosen = is_encrypted ?? secret ?? isLongEnough(rest.value)
    const parsed = VariableInput.safeParse({ ...rest, secret: chosen })
    if (parsed.success) return parsed.data
    for (const { path, message } of parsed.error.issues) {
      const short = path[0] === 'value' ? VARIABLE_PROBLEMS.secret_too_short : VARIABLE_PROBLEMS.hosts_without_secret
      const params = { sentence: short, values: { limit: MIN_SECRET_LENGTH } }
      context.addIssue({ code: 'custom', path, message, params })
    }
    return z.NEVER
  })
  .meta({ id: 'UserVariableInput' })

export const OlderPatch = z
  .strictObject({ ...VariablePatch.shape, ...aliases })
  .transform(({ is_encrypted, value, ...rest }) => ({
    ...rest,
    ...(value === undefined || value === MASK ? {} : { value }),
    ...(is_encrypted === undefined ? {} : { secret: is_encrypted }),
  }))
  .meta({ id: 'UserVariablePatch' })

export const OlderVariable = z
  .object({ ...Variable.shape, value: z.string().describe('Masked for a secret.'), is_encrypted: z.boolean() })
  .meta({ id: 'UserVariable' })
export type OlderVariable = z.infer<typeof OlderVariable>

export function toOlder(variable: Variable): OlderVariable {
  return { ...variable, value: shownValue(variable), is_encrypted: variable.secret }
}

/** The value of a plain variable, the mask for a secret. */
export function shownValue({ value }: Pick<Variable, 'value'>): string {
  return value ?? MASK
}

export const OlderBulk = z.strictObject({ variables: z.array(OlderInput).min(1).max(50) })

export const OlderImport = z.strictObject({
  env_content: EnvText.describe('The text of a .env file.'),
  overwrite_existing: z.boolean().default(false),
  default_category: z.string().trim().max(100).nullable().default(null),
  is_encrypted: z.boolean().optional(),
})

/** Whether the value of an imported line is the mask of an export: it says nothing of the secret. */
export function isMask(value: string): boolean {
  return value === MASK
}

export const OlderExport = z.strictObject({
  format: z.enum(['env', 'json']).default('env'),
  include_sensitive: z.boolean().default(false).describe('Changes nothing: secrets are masked.'),
})

export const OlderStats = z.object({
  total_variables: z.int(),
  active_variables: z.int(),
  inactive_variables: z.int(),
  sensitive_variables: z.int(),
  categories_count: z.record(z.string(), z.int()),
  last_updated: z.iso.datetime().nullable(),
})
export type OlderStats = z.infer<typeof OlderStats>

export const OlderValidation = z.object({
  key: z.string(),
  is_valid: z.boolean(),
  errors: z.array(z.string()),
  warnings: z.array(z.string()),
  suggestions: z.array(z.string()),
})
