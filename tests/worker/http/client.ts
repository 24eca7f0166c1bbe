import { exports } from 'cloudflare:workers'
import { z } from 'zod'

export const ORIGIN = 'http://localhost:8000'

/** A request to the worker under test, straight into its entry. */
export function send(path: string, init?: RequestInit): Promise<Response> {
  return exports.default.fetch(new Request(ORIGIN + path, init))
}

/** A POST of a JSON text, valid or not. */
export function post(path: string, body: string, headers: Record<string, string> = {}): Promise<Response> {
  return send(path, { method: 'POST', body, headers: { 'Content-Type': 'application/json', ...headers } })
}

const ProblemBody = z.looseObject({
  type: z.string(),
  title: z.string(),
  status: z.number(),
  detail: z.string(),
  message: z.string(),
  code: z.string(),
  request_id: z.string(),
  errors: z.array(z.strictObject({ pointer: z.string(), in: z.string().optional(), detail: z.string() })).optional(),
})

/** The body of an error's answer, after checking what every one of them must have. */
export async function readProblem(response: Response) {
  const problem = ProblemBody.parse(await response.json())
  const isComplete =
    response.headers.get('Content-Type') === 'application/problem+json' &&
    problem.status === response.status &&
    problem.message === problem.detail &&
    problem.request_id === response.headers.get('X-Request-Id')
  if (!isComplete) throw new Error(`incomplete problem: ${JSON.stringify(problem)}`)
  return problem
}

/** A fresh account's access token. */
export async function registerUser(): Promise<string> {
  const email = `${crypto.randomUUID()}@example.com`
  await post('/api/v1/auth/register', JSON.stringify({ email, password: 'securepassword', name: 'Ana' }))
  const login = await post('/api/v1/auth/login', JSON.stringify({ email, password: 'securepassword' }))
  return z.object({ access_token: z.string() }).parse(await login.json()).access_token
}
