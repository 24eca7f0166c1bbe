import { LOCALES, say, type Locale, type Sentence } from '#core/messages'

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
  invitation: {
    subject: { pt: 'SynapScale: convite para um workspace', en: 'SynapScale: invitation to a workspace' },
    text: {
      pt: `Olá!

{inviter} convida você para trabalhar em um workspace. Para ver o convite e aceitá-lo, abra em até sete dias:

{link}

Se você não esperava por isso, ignore esta mensagem: sem você nada acontece.`,
      en: `Hello!

{inviter} invites you to work in a workspace. To see the invitation and accept it, open within seven days:

{link}

If you did not expect this, ignore this message: nothing happens without you.`,
    },
  },
  approval: {
    subject: { pt: 'SynapScale: sua aprovação é esperada', en: 'SynapScale: your approval is needed' },
    text: {
      pt: `Olá!

Um workflow espera pela sua decisão. Para ver do que se trata e aprovar ou recusar, abra:

{link}

O link é só seu: quem o tem decide por você. Abri-lo ainda não decide nada.`,
      en: `Hello!

A workflow waits for your decision. To see what it is about and approve or reject, open:

{link}

The link is yours alone: whoever has it decides for you. Opening it does not decide anything yet.`,
    },
  },
} as const satisfies Record<string, Wording>

/** Where each link leads, below `PUBLIC_URL`: src/http/routes/account-pages.ts serves the pages. */
export const LINK_PATHS = {
  reset_password: '/reset-password',
  verify_email: '/verify-email',
  invitation: '/accept-invitation',
  approval: '/approve',
} as const

const SOMEBODY: Sentence = { pt: 'Alguém', en: 'Somebody' }

interface Mail {
  readonly subject: string
  readonly text: string
}

/**
 * The mail that carries a one-time token, as plain text: nothing that a person wrote is in it, since anybody may have
 * it sent to anybody. The token stands behind the `#`, which no browser sends anywhere: no log and no `Referer` has it.
 *
 * @param publicUrl where the world reaches the installation
 */
export function writeLinkMail(
  purpose: 'reset_password' | 'verify_email',
  token: string,
  publicUrl: string,
  locale: Locale,
): Mail {
  const { subject, text } = WORDINGS[purpose]
  return { subject: say(subject, locale), text: say(text, locale, { link: linkTo(purpose, token, publicUrl) }) }
}

/** @param inviter a confirmed e-mail address, or undefined: whoever has confirmed none could pose as anybody */
export function writeInvitationMail(
  inviter: string | undefined,
  token: string,
  publicUrl: string,
  locale: Locale,
): Mail {
  const { subject, text } = WORDINGS.invitation
  const link = linkTo('invitation', token, publicUrl)
  return { subject: say(subject, locale), text: say(text, locale, { link, inviter: inviter ?? say(SOMEBODY, locale) }) }
}

/** To somebody whose language nobody knows: both. */
export function writeApprovalMail(token: string, publicUrl: string): Mail {
  const { subject, text } = WORDINGS.approval
  const link = linkTo('approval', token, publicUrl)
  return {
    subject: LOCALES.map((locale) => say(subject, locale)).join(' / '),
    text: LOCALES.map((locale) => say(text, locale, { link })).join('\n\n\n'),
  }
}

function linkTo(purpose: keyof typeof LINK_PATHS, token: string, publicUrl: string): string {
  return `${publicUrl.replace(/\/+$/, '')}${LINK_PATHS[purpose]}#token=${encodeURIComponent(token)}`
}
