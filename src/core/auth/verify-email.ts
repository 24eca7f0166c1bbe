import { z } from 'zod'
import type { Sentence } from '#core/messages'
import { OneTimeToken } from './one-time-token.ts'

export const VerifyEmailInput = z.strictObject({ token: OneTimeToken }).meta({ id: 'VerifyEmailInput' })
export type VerifyEmailInput = z.infer<typeof VerifyEmailInput>

export const EMAIL_VERIFIED: Sentence = { pt: 'E-mail confirmado.', en: 'E-mail address confirmed.' }
export const ALREADY_VERIFIED: Sentence = {
  pt: 'Este e-mail já está confirmado.',
  en: 'This e-mail address is already confirmed.',
}
export const VERIFICATION_SENT: Sentence = {
  pt: 'Enviamos um link para confirmar o seu e-mail.',
  en: 'We have sent a link to confirm your e-mail address.',
}
