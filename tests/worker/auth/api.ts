/** The worker's auth routes as a client calls them. */
import { exports } from 'cloudflare:workers'
import { z } from 'zod'
import { LoginAnswer } from '#core/auth/login'
import { User } from '#core/auth/user'
import { newEmail, PASSWORD } from '#tests/worker/support/accounts'

const BASE = 'http://synapscale.test/api/v1'

const Problem = z.looseObject({
  code: z.string(),
  detail: z.string(),
  errors: z.array(z.object({ pointer: z.string(), detail: z.string() })).optional(),
})

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly body: unknown
}

async function read(response: Response): Promise<Answer> {
  const text = await response.text()
  return { status: response.status, headers: response.headers, body: text === '' ? undefined : JSON.parse(text) }
}

export interface Call {
  readonly method?: string
  readonly token?: string
  readonly json?: unknown
  readonly body?: BodyInit
  readonly headers?: Record<string, string>
}

/** One request. `json` goes as JSON; `body` as it is, with the content type that it brings. */
export async function call(path: string, { method, token, json, body, headers = {} }: Call = {}): Promise<Answer> {
  const sent = json === undefined ? body : JSON.stringify(json)
  const request = new Request(`${BASE}${path}`, {
    method: method ?? (sent === undefined ? 'GET' : 'POST'),
    headers: {
      ...(json === undefined ? {} : { 'Content-Type': 'application/json' }),
      ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
      ...headers,
    },
    ...(sent === undefined ? {} : { body: sent }),
  })
  const answer = await read(await exports.default.fetch(request))
  // Shown where a test fails: which request was refused, and why.
  if (answer.status >= 400) console.info(request.method, path, answer.status, JSON.stringify(answer.body))
  return answer
}

/** What is wrong: the code and, for bad input, where. */
export function problemOf(answer: Answer): { status: number; code: string; detail: string; pointers: string[] } {
  const { code, detail, errors = [] } = Problem.parse(answer.body)
  return { status: answer.status, code, detail, pointers: errors.map(({ pointer }) => pointer) }
}

export const NOT_AUTHENTICATED = { status: 401, code: 'not_authenticated', detail: 'Not authenticated', pointers: [] }
export const INVALID = { status: 401, code: 'invalid_credentials', detail: 'Credenciais inválidas', pointers: [] }

export async function logIn(email: string): Promise<LoginAnswer> {
  return LoginAnswer.parse((await call('/auth/login', { json: { email, password: PASSWORD } })).body)
}

/** A fresh account, made as people make one: with the mail that asks for confirmation. */
export async function registerAccount(): Promise<User> {
  const json = { email: newEmail(), password: PASSWORD, name: 'Ana Silva' }
  return User.parse((await call('/auth/register', { json })).body)
}
