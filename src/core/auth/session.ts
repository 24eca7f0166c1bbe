import { z } from 'zod'
import type { Sentence } from '#core/messages'

/** Long enough for any token of ours; a longer text is none. */
const REFRESH_TOKEN_MAX_LENGTH = 512

const refreshToken = z.string().min(1).max(REFRESH_TOKEN_MAX_LENGTH)

export const RefreshInput = z.strictObject({ refresh_token: refreshToken }).meta({ id: 'RefreshInput' })
export type RefreshInput = z.infer<typeof RefreshInput>

export const LogoutInput = z.strictObject({ refresh_token: refreshToken.nullish() }).meta({ id: 'LogoutInput' })
export type LogoutInput = z.infer<typeof LogoutInput>

/** A login that still stands. */
export const Session = z
  .object({
    id: z.uuid(),
    created_at: z.iso.datetime(),
    last_used_at: z.iso.datetime(),
    expires_at: z.iso.datetime(),
    user_agent: z.string().nullable(),
    address: z.string().nullable(),
    current: z.boolean().meta({ description: 'Whether it is the one that asks.' }),
  })
  .meta({ id: 'Session' })
export type Session = z.infer<typeof Session>

/** A sentence to show. */
export const Message = z.object({ message: z.string() }).meta({ id: 'Message' })
export type Message = z.infer<typeof Message>

export const LOGGED_OUT: Sentence = { pt: 'Sessão encerrada.', en: 'Logged out.' }
export const LOGGED_OUT_EVERYWHERE: Sentence = {
  pt: 'Todas as sessões foram encerradas.',
  en: 'All sessions have been ended.',
}
