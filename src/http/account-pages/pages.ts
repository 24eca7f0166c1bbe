import { type Locale, say, type Sentence } from '#core/messages'
import type { AccountPage } from './page.ts'

const EMAIL: Sentence = { pt: 'E-mail', en: 'E-mail address' }
const PASSWORD: Sentence = { pt: 'Senha', en: 'Password' }
const NEW_PASSWORD: Sentence = {
  pt: 'Nova senha (pelo menos 8 caracteres)',
  en: 'New password (at least 8 characters)',
}
const NAME: Sentence = { pt: 'Seu nome', en: 'Your name' }

interface Field {
  readonly id: string
  readonly name: string
  readonly label: Sentence
  readonly attributes: string
}

function field({ id, name, label, attributes }: Field, locale: Locale): string {
  return `<label for="${id}">${say(label, locale)}</label>\n<input id="${id}" name="${name}" ${attributes} required>`
}

const newPassword = (id: string, name: string): Field => ({
  id,
  name,
  label: NEW_PASSWORD,
  attributes: 'type="password" autocomplete="new-password" minlength="8" maxlength="128"',
})
/** Filled in from the invitation, which is for this address alone. */
const invited = (id: string): Field => ({
  id,
  name: 'email',
  label: EMAIL,
  attributes: 'type="email" autocomplete="username" readonly',
})

function form(action: string, fields: readonly Field[], button: Sentence, locale: Locale): string {
  const inputs = fields.map((one) => field(one, locale)).join('\n')
  return `<form data-action="${action}" method="post">\n${inputs}\n<button>${say(button, locale)}</button>\n</form>`
}

export const RESET_PASSWORD_PAGE: AccountPage = {
  title: { pt: 'Nova senha', en: 'New password' },
  intro: () => '',
  forms: (locale) => form('reset', [newPassword('password', 'new_password')], { pt: 'Salvar', en: 'Save' }, locale),
}

/** A button, since programs that look into mails follow links too. */
export const VERIFY_EMAIL_PAGE: AccountPage = {
  title: { pt: 'Confirmar o e-mail', en: 'Confirm your e-mail address' },
  intro: () => '',
  forms: (locale) => form('verify', [], { pt: 'Confirmar', en: 'Confirm' }, locale),
}

const COMMENT: Sentence = { pt: 'Comentário (opcional)', en: 'Comment (optional)' }
const APPROVE: Sentence = { pt: 'Aprovar', en: 'Approve' }
const REJECT: Sentence = { pt: 'Recusar', en: 'Reject' }
const APPROVED: Sentence = { pt: 'Aprovado por {by}.', en: 'Approved by {by}.' }
const REJECTED: Sentence = { pt: 'Recusado por {by}.', en: 'Rejected by {by}.' }
const OVER: Sentence = {
  pt: 'Isto não espera mais por decisão: o prazo passou ou a execução terminou.',
  en: 'This waits for no decision any more: the time is over or the execution has ended.',
}

/** Two buttons, and what they say is sent only when one is pressed. */
export const APPROVAL_PAGE: AccountPage = {
  title: { pt: 'Aprovação', en: 'Approval' },
  intro: (locale) =>
    `<div id="approval" data-approved="${say(APPROVED, locale)}" data-rejected="${say(REJECTED, locale)}" data-over="${say(OVER, locale)}">
<h2 id="approval-title"></h2>
<p id="approval-message"></p>
</div>`,
  forms: (locale) => `<form data-action="decide" method="post">
<label for="comment">${say(COMMENT, locale)}</label>
<textarea id="comment" name="comment" rows="3" maxlength="2000"></textarea>
<button name="decision" value="approved">${say(APPROVE, locale)}</button>
<button name="decision" value="rejected">${say(REJECT, locale)}</button>
</form>`,
}

const INVITATION: Sentence = {
  pt: '<strong id="inviter">Alguém</strong> convida você para o workspace <strong id="workspace">…</strong>, com o papel de <span id="role" data-admin="administrador" data-editor="editor" data-viewer="leitor">…</span>.',
  en: '<strong id="inviter">Somebody</strong> invites you to the workspace <strong id="workspace">…</strong> as <span id="role" data-admin="an administrator" data-editor="an editor" data-viewer="a viewer">…</span>.',
}
const HAVE_ACCOUNT: Sentence = { pt: 'Já tenho conta', en: 'I have an account' }
const NO_ACCOUNT: Sentence = { pt: 'Ainda não tenho conta', en: 'I have no account yet' }
const LOG_IN: Sentence = { pt: 'Entrar e aceitar', en: 'Log in and accept' }
const REGISTER: Sentence = { pt: 'Criar conta e aceitar', en: 'Create an account and accept' }

const loginFields: readonly Field[] = [
  invited('login-email'),
  {
    id: 'login-password',
    name: 'password',
    label: PASSWORD,
    attributes: 'type="password" autocomplete="current-password"',
  },
]
const registerFields: readonly Field[] = [
  invited('register-email'),
  { id: 'register-name', name: 'name', label: NAME, attributes: 'autocomplete="name" maxlength="255"' },
  newPassword('register-password', 'password'),
]

/** @param mayRegister whether whoever is invited may make an account here */
export function acceptInvitationPage(mayRegister: boolean): AccountPage {
  return {
    title: { pt: 'Convite', en: 'Invitation' },
    intro: (locale) => `<p id="invitation">${say(INVITATION, locale)}</p>`,
    forms: (locale) => {
      const login = `<h2>${say(HAVE_ACCOUNT, locale)}</h2>\n${form('login', loginFields, LOG_IN, locale)}`
      const register = `<h2>${say(NO_ACCOUNT, locale)}</h2>\n${form('register', registerFields, REGISTER, locale)}`
      return mayRegister ? `${login}\n${register}` : login
    },
    done: {
      pt: 'Convite aceito: você já faz parte do workspace.',
      en: 'Invitation accepted: you are a member of the workspace now.',
    },
  }
}
