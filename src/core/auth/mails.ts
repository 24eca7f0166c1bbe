import { say, type Locale, type Sentence } from '#core/messages'

interface Wording {
  readonly subject: Sentence
  readonly text: Sentence
}

const WORDINGS = {
  reset_password: {
    subject: { pt: 'SynapScale: nova senha', en: 'SynapScale: new password' },
    text: {
      pt: `Olá!

Alguém pediu uma nova senha para a sua conta. Para criá-la, abra em até uma hora:

{link}

Se não foi você, ignore esta mensagem: nada mudou.`,
      en: `Hello!

Somebody asked for a new password for your account. To choose one, open within an hour:

{link}

If it was not you, ignore this message: nothing has changed.`,
    },
  },
  verify_email: {
    subject: { pt: 'SynapScale: confirme o seu e-mail', en: 'SynapScale: confirm your e-mail address' },
    text: {
      pt: `Olá!

Para confirmar que este e-mail é seu, abra em até 24 horas:

{link}

Se você não criou uma conta, ignore esta mensagem.`,
      en: `Hello!

To confirm that this e-mail address is yours, open within 24 hours:

{link}

If you did not create an account, ignore this message.`,
    },
  },
} as const satisfies Record<string, Wording>

/** Where each link leads, below `PUBLIC_URL`. */
const PATHS = { reset_password: '/reset-password', verify_email: '/verify-email' } as const

/**
 * The mail that carries a one-time token, as plain text: nothing that a person wrote is in it.
 *
 * @param publicUrl where the world reaches the installation
 */
export function writeLinkMail(
  purpose: keyof typeof WORDINGS,
  token: string,
  publicUrl: string,
  locale: Locale,
): { readonly subject: string; readonly text: string } {
  const { subject, text } = WORDINGS[purpose]
  const link = `${publicUrl.replace(/\/+$/, '')}${PATHS[purpose]}?token=${encodeURIComponent(token)}`
  return { subject: say(subject, locale), text: say(text, locale, { link }) }
}
