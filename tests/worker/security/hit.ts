/** Requests as an attacker makes them: any bytes, any headers. Every answer is looked through for what must not be in it. */
import { exports } from 'cloudflare:workers'
import { z } from 'zod'

const ORIGIN = 'http://synapscale.test'

export interface Hit {
  readonly method?: string
  readonly token?: string
  readonly headers?: Readonly<Record<string, string>>
  /** Sent as it is; an object goes as JSON. */
  readonly body?: string | Uint8Array | Readonly<Record<string, unknown>>
}

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** A problem's `code` and the pointers of its errors, if it is one. */
  readonly code: string | undefined
  readonly pointers: readonly string[]
}

const Problem = z.object({
  code: z.string(),
  errors: z.array(z.object({ pointer: z.string() })).default([]),
})

/** Stacks, SQL, drivers, our own paths: for the log alone. */
const INSIDES =
  /\n? {4}at |node_modules|\.ts:\d|\b(select|insert into|update|delete from) "|drizzle|postgres(ql)?:\/\/|SQLSTATE/i

/** One request to the worker under test. */
export async function hit(path: string, { method, token, headers = {}, body }: Hit = {}): Promise<Answer> {
  const isJson = typeof body === 'object' && !(body instanceof Uint8Array)
  const request = new Request(ORIGIN + path, {
    method: method ?? 'GET',
    headers: {
      ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
      ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: isJson ? JSON.stringify(body) : body }),
    redirect: 'manual',
  })
  const response = await exports.default.fetch(request)
  const text = await response.text()
  const answer = { status: response.status, headers: response.headers, text, ...problemIn(response, text, path) }
  refuseUnsafe(`${request.method} ${path}`, answer)
  return answer
}

/** What OpenAI's clients read of an error. */
const OpenAiProblem = z.object({ error: z.object({ message: z.string(), type: z.string(), code: z.string() }) })

function problemIn(response: Response, text: string, path: string): Pick<Answer, 'code' | 'pointers'> {
  if (new URL(ORIGIN + path).pathname.startsWith('/v1/') && response.status >= 400 && text !== '') {
    return { code: OpenAiProblem.parse(JSON.parse(text)).error.code, pointers: [] }
  }
  if (text === '' || response.headers.get('Content-Type') !== 'application/problem+json') {
    return { code: undefined, pointers: [] }
  }
  const { code, errors } = Problem.parse(JSON.parse(text))
  return { code, pointers: errors.map(({ pointer }) => pointer) }
}

const CACHED: ReadonlySet<string> = new Set(['no-store', 'no-store, no-transform', 'private, no-cache'])

/** What holds for every answer whatsoever. */
function refuseUnsafe(what: string, { status, headers, text, code }: Answer): void {
  const problems = [
    headers.get('X-Content-Type-Options') === 'nosniff' ? [] : 'no nosniff',
    headers.get('X-Frame-Options') === 'DENY' ? [] : 'may be framed',
    headers.get('Referrer-Policy') === 'no-referrer' ? [] : 'sends a referrer',
    // Files are kept by who may read them, and asked about each time.
    CACHED.has(headers.get('Cache-Control') ?? '') ? [] : 'may be cached',
    headers.get('Content-Security-Policy')?.startsWith("default-src 'none'") ? [] : 'no policy',
    headers.get('Vary')?.includes('Origin') ? [] : 'does not vary by origin',
    headers.has('X-Request-Id') ? [] : 'no request id',
    headers.has('Set-Cookie') ? 'sets a cookie' : [],
    status >= 400 && text !== '' && code === undefined ? 'an error that is no problem+json' : [],
    // A busy server may say so, and when to come back.
    status >= 500 && !headers.has('Retry-After') ? 'a 5xx' : [],
    status >= 400 && INSIDES.test(text) ? 'shows our insides' : [],
  ].flat()
  if (problems.length > 0) throw new Error(`${what} answers ${status}: ${problems.join(', ')}\n${text.slice(0, 500)}`)
}
