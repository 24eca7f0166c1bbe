/** Changing the password, and what is done with links that come by mail: a new password, a confirmed address. */
import { ChangePasswordInput, ForgotPasswordInput, ResetPasswordInput } from '#core/auth/password'
import { Message } from '#core/auth/session'
import { VerifyEmailInput } from '#core/auth/verify-email'
import { createRoutes, route } from '#http/route'
import { changePassword } from '#services/auth/change-password'
import { forgotPassword } from '#services/auth/forgot-password'
import { resendVerification } from '#services/auth/resend-verification'
import { resetPassword } from '#services/auth/reset-password'
import { verifyEmail } from '#services/auth/verify-email'

const postChange = route({
  method: 'post',
  path: '/auth/change-password',
  tag: 'auth',
  summary: { pt: 'Mudar a própria senha', en: 'Change your own password' },
  permission: 'account:write',
  description: {
    pt: 'Encerra todas as outras sessões; esta fica.',
    en: 'Ends all other sessions; this one stays.',
  },
  body: ChangePasswordInput,
  forms: true,
  answers: { 200: Message },
  errors: ['wrong_password', 'too_many_attempts', 'busy'],
})

/** Older clients know it by another name. */
function forgotRoute<const Path extends '/auth/forgot-password' | '/auth/request-password-reset'>(path: Path) {
  return route({
    method: 'post',
    path,
    tag: 'auth',
    summary: { pt: 'Pedir um link para criar uma nova senha', en: 'Ask for a link to choose a new password' },
    description: {
      pt: 'Responde igual, exista o e-mail ou não. No máximo cinco links por hora para cada conta.',
      en: 'Answers alike whether the address exists or not. At most five links an hour for each account.',
    },
    public: true,
    body: ForgotPasswordInput,
    answers: { 200: Message },
    errors: ['misconfigured'],
  })
}

const postReset = route({
  method: 'post',
  path: '/auth/reset-password',
  tag: 'auth',
  summary: { pt: 'Criar uma nova senha com o link recebido', en: 'Choose a new password with the link received' },
  public: true,
  body: ResetPasswordInput,
  answers: { 200: Message },
  errors: ['invalid_token', 'busy'],
})

const postVerify = route({
  method: 'post',
  path: '/auth/verify-email',
  tag: 'auth',
  summary: { pt: 'Confirmar o e-mail com o link recebido', en: 'Confirm the e-mail address with the link received' },
  public: true,
  body: VerifyEmailInput,
  answers: { 200: Message },
  errors: ['invalid_token'],
})

const postResend = route({
  method: 'post',
  path: '/auth/resend-verification',
  tag: 'auth',
  summary: { pt: 'Pedir outro link para confirmar o e-mail', en: 'Ask for another link to confirm the e-mail address' },
  permission: 'account:write',
  answers: { 200: Message },
  errors: ['too_many_attempts', 'misconfigured'],
})

export const passwordRoutes = createRoutes()
  .openapi(postChange, async (c) => c.json(await changePassword(c.var.ctx, c.req.valid('json')), 200))
  .openapi(forgotRoute('/auth/forgot-password'), async (c) =>
    c.json(await forgotPassword(c.var.publicCtx, c.req.valid('json')), 200),
  )
  .openapi(forgotRoute('/auth/request-password-reset'), async (c) =>
    c.json(await forgotPassword(c.var.publicCtx, c.req.valid('json')), 200),
  )
  .openapi(postReset, async (c) => c.json(await resetPassword(c.var.publicCtx, c.req.valid('json')), 200))
  .openapi(postVerify, async (c) => c.json(await verifyEmail(c.var.publicCtx, c.req.valid('json')), 200))
  .openapi(postResend, async (c) => c.json(await resendVerification(c.var.ctx), 200))
