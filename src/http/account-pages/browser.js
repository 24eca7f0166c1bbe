/**
 * What the pages behind mailed links do, in the browser: local/assets.ts puts it where they find it. The token comes
 * behind the address's `#` and goes nowhere but into the body of a request to this host.
 */
const token = new URLSearchParams(location.hash.slice(1)).get('token') ?? ''
// Neither the history nor a copied address keeps it.
history.replaceState(null, '', location.pathname)

const byId = (id) => document.getElementById(id)

/** The answer to a JSON request; whatever else happens is an `Error` with a sentence for people. */
async function post(path, body, accessToken) {
  const response = await fetch(`/api/v1${path}`, {
    method: 'POST',
    headers: {
      'Content-Type': 'application/json',
      'Accept-Language': document.documentElement.lang,
      ...(accessToken === undefined ? {} : { Authorization: `Bearer ${accessToken}` }),
    },
    body: JSON.stringify(body),
  })
  const answer = await response.json()
  if (!response.ok) throw new Error(answer.errors?.[0]?.detail ?? answer.detail)
  return answer
}

/** A session for this one thing: nothing here would use it afterwards. */
async function acceptAs({ email, password }) {
  const { access_token } = await post('/auth/login', { email, password })
  try {
    await post('/invitations/accept', { token }, access_token)
  } finally {
    await post('/auth/logout', {}, access_token)
  }
}

const ACTIONS = {
  reset: ({ new_password }) => post('/auth/reset-password', { token, new_password }),
  verify: () => post('/auth/verify-email', { token }),
  login: acceptAs,
  decide: async ({ decision, comment }) => {
    const decided = await post('/approvals/decide', { token, decision, comment })
    return { message: describeDecision(decided) }
  },
  register: ({ email, name, password }) => post('/auth/register', { email, name, password, invitation: token }),
}

function tell(id, text) {
  const place = byId(id)
  place.textContent = text
  place.hidden = text === ''
  if (text !== '') place.focus()
}

function finish(message) {
  byId('forms').remove()
  tell('done', message ?? byId('done').dataset.text)
}

async function submit(event) {
  event.preventDefault()
  const form = event.currentTarget
  // A disabled button sends no value: what was pressed is read first.
  const values = Object.fromEntries(new FormData(form, event.submitter))
  const buttons = [...form.querySelectorAll('button')]
  for (const button of buttons) button.disabled = true
  tell('problem', '')
  try {
    const answer = await ACTIONS[form.dataset.action](values)
    finish(answer?.message)
  } catch (error) {
    tell('problem', error instanceof TypeError ? document.body.dataset.offline : error.message)
  }
  for (const button of buttons) button.disabled = false
}

function describeDecision({ decision, by, comment }) {
  const sentence = byId('approval').dataset[decision].replace('{by}', () => by)
  return comment ? `${sentence} (${comment})` : sentence
}

/** What is asked, before anybody decides; what was decided already is said, and cannot be again. */
async function showApproval() {
  const { title, message, status, decided } = await post('/approvals/preview', { token })
  byId('approval-title').textContent = title
  byId('approval-message').textContent = message ?? ''
  if (status === 'decided') finish(describeDecision(decided))
  else if (status === 'over') finish(byId('approval').dataset.over)
}

/** Who invites to what, before anybody decides. */
async function showInvitation() {
  const { workspace_name, invited_by, email, role } = await post('/invitations/preview', { token })
  byId('workspace').textContent = workspace_name
  byId('inviter').textContent = invited_by ?? byId('inviter').textContent
  byId('role').textContent = byId('role').dataset[role]
  for (const input of document.querySelectorAll('input[name=email]')) input.value = email
}

async function start() {
  try {
    if (token === '') throw new Error(document.body.dataset.tokenless)
    if (byId('invitation') !== null) await showInvitation()
    if (byId('approval') !== null) await showApproval()
    const forms = byId('forms')
    if (forms !== null) forms.hidden = false
  } catch (error) {
    byId('invitation')?.remove()
    byId('approval')?.remove()
    tell('problem', error instanceof TypeError ? document.body.dataset.offline : error.message)
  }
}

for (const form of document.querySelectorAll('form')) form.addEventListener('submit', (event) => void submit(event))
void start()
