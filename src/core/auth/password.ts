import { z } from 'zod'
import type { Sentence } from '#core/messages'
import { Email, LoginPassword, NewPassword } from './fields.ts'
import { OneTimeToken } from './one-time-token.ts'

const NEW_ONCE: Sentence = { pt: 'Envie a nova senha uma vez.', en: 'Send the new password once.' }
const CURRENT_ONCE: Sentence = { pt: 'Envie a senha atual uma vez.', en: 'Send the current password once.' }

export const ForgotPasswordInput = z.strictObject({ email: Email }).meta({ id: 'ForgotPasswordInput' })
export type ForgotPasswordInput = z.infer<typeof ForgotPasswordInput>

/** Older clients write the new password's key in camel case. */
export const ResetPasswordInput = z
  .strictObject({ token: OneTimeToken, new_password: NewPassword.optional(), newPassword: NewPassword.optional() })
  .transform(({ token, new_password, newPassword }, context) => {
    const chosen = chooseOnce(new_password, newPassword)
    if (chosen === undefined) {
      context.addIssue({ code: 'custom', path: ['new_password'], params: { sentence: NEW_ONCE } })
      return z.NEVER
    }
    return { token, new_password: chosen }
  })
  .meta({ id: 'ResetPasswordInput' })
export type ResetPasswordInput = z.output<typeof ResetPasswordInput>

/** Older clients write the keys in camel case. */
export const ChangePasswordInput = z
  .strictObject({
    current_password: LoginPassword.optional(),
    currentPassword: LoginPassword.optional(),
    new_password: NewPassword.optional(),
    newPassword: NewPassword.optional(),
  })
  .transform(({ current_password, currentPassword, new_password, newPassword }, context) => {
    const current = chooseOnce(current_password, currentPassword)
    const chosen = chooseOnce(new_password, newPassword)
    if (current === undefined)
      context.addIssue({ code: 'custom', path: ['current_password'], params: { sentence: CURRENT_ONCE } })
    if (chosen === undefined)
      context.addIssue({ code: 'custom', path: ['new_password'], params: { sentence: NEW_ONCE } })
    if (current === undefined || chosen === undefined) return z.NEVER
    return { current_password: current, new_password: chosen }
  })
  .meta({ id: 'ChangePasswordInput' })
export type ChangePasswordInput = z.output<typeof ChangePasswordInput>

function chooseOnce(a: string | undefined, b: string | undefined): string | undefined {
  return a !== undefined && b !== undefined ? undefined : (a ?? b)
}

/** The same whether the address exists or not. */
export const LINK_SENT_IF_KNOWN: Sentence = {
  pt: 'Se este e-mail estiver cadastrado, enviamos um link para criar uma nova senha.',
  en: 'If this e-mail address is registered, we have sent a link to choose a new password.',
}
export const PASSWORD_RESET: Sentence = {
  pt: 'Senha nova salva. Todas as sessões foram encerradas: entre de novo.',
  en: 'The new password is saved. All sessions have been ended: log in again.',
}
export const PASSWORD_CHANGED: Sentence = {
  pt: 'Senha alterada. As outras sessões foram encerradas.',
  en: 'Password changed. The other sessions have been ended.',
}
