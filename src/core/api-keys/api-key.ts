import { z } from 'zod'
import { type Scope, SCOPES } from '#core/permissions'
import type { Sentence } from '#core/messages'

/** What one person may have in a workspace; whoever needs more has lost sight of them. */
export const API_KEYS_MAX = 100
const LIFE_MAX_DAYS = 3_650
const DAY_MS = 24 * 60 * 60 * 1000

const SAY = {
  either: {
    pt: 'Use expires_at ou expires_in_days, não os dois.',
    en: 'Use expires_at or expires_in_days, not both.',
  },
  past: { pt: 'Deve estar no futuro.', en: 'Must be in the future.' },
} satisfies Record<string, Sentence>
export const EXPIRES_IN_THE_PAST = SAY.past

const fields = {
  name: z.string().trim().min(1).max(100),
  scopes: z
    .array(z.enum(SCOPES))
    .min(1)
    .max(SCOPES.length)
    .meta({ description: 'What it may do, within what your role allows at the moment of use.' }),
  expires_at: z.iso.datetime({ offset: true }).nullable().meta({ description: 'Null: it does not expire by itself.' }),
  expires_in_days: z.int().min(1).max(LIFE_MAX_DAYS).meta({ description: 'Instead of `expires_at`.' }),
}

type Expiry = { readonly expires_at?: string | null | undefined; readonly expires_in_days?: number | undefined }

const hasOneExpiry = ({ expires_at, expires_in_days }: Expiry): boolean =>
  expires_at === undefined || expires_in_days === undefined
const TWO_EXPIRIES = { path: ['expires_in_days'], params: { sentence: SAY.either } }

export const ApiKeyInput = z
  .strictObject({
    name: fields.name,
    scopes: fields.scopes,
    expires_at: fields.expires_at.optional(),
    expires_in_days: fields.expires_in_days.optional(),
  })
  .refine(hasOneExpiry, TWO_EXPIRIES)
  .meta({ id: 'ApiKeyInput' })
export type ApiKeyInput = z.infer<typeof ApiKeyInput>

export const ApiKeyPatch = z
  .strictObject(fields)
  .partial()
  .refine(hasOneExpiry, TWO_EXPIRIES)
  .meta({ id: 'ApiKeyPatch' })
export type ApiKeyPatch = z.infer<typeof ApiKeyPatch>

export const ApiKey = z
  .object({
    id: z.uuid(),
    name: z.string(),
    prefix: z.string().meta({ description: 'How the key begins.', example: 'sk_4fT9xQ' }),
    scopes: z.array(z.enum(SCOPES)),
    workspace_id: z.uuid(),
    user_id: z.uuid().meta({ description: 'For whom it acts.' }),
    created_at: z.iso.datetime(),
    expires_at: z.iso.datetime().nullable(),
    last_used_at: z.iso.datetime().nullable().meta({ description: 'To the minute.' }),
  })
  .meta({ id: 'ApiKey' })
export type ApiKey = z.infer<typeof ApiKey>

export const NewApiKey = ApiKey.extend({
  key: z.string().optional().meta({ description: 'The key itself: only here and only once, not in a repeat.' }),
}).meta({ id: 'NewApiKey' })
export type NewApiKey = z.infer<typeof NewApiKey>

export const ApiKeyFilter = z.object({
  all: z.stringbool().default(false).describe('Everybody’s in the workspace: for administrators.'),
})
export type ApiKeyFilter = z.infer<typeof ApiKeyFilter>

export const ScopeList = z
  .object({ scopes: z.array(z.enum(SCOPES)) })
  .meta({ id: 'ScopeList', description: 'The scopes that the caller can give to a key.' })
export type ScopeList = z.infer<typeof ScopeList>

/** Once each, in the table's order; a name that a later version has dropped is no scope. */
export function toScopes(names: readonly string[]): Scope[] {
  return SCOPES.filter((scope) => names.includes(scope))
}

/**
 * When a key is to end.
 *
 * @param now Unix milliseconds
 * @returns null for never, undefined where the input says nothing
 */
export function expiryOf({ expires_at, expires_in_days }: Expiry, now: number): Date | null | undefined {
  if (expires_in_days !== undefined) return new Date(now + expires_in_days * DAY_MS)
  return typeof expires_at === 'string' ? new Date(expires_at) : expires_at
}
