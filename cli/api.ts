/** The server, as the command line needs it. */
import { z } from 'zod'
import type { Locale } from '#core/messages'
import { CliError, type Say } from './messages.ts'

const DEFAULT_URL = 'http://localhost:8000'
const Problem = z.object({
  detail: z.string(),
  errors: z.array(z.object({ pointer: z.string(), detail: z.string() })).default([]),
})

/** The server's refusal. */
export class Refused extends CliError {
  readonly errors: z.infer<typeof Problem>['errors']

  constructor(message: string, errors: z.infer<typeof Problem>['errors']) {
    super(message, 1)
    this.errors = errors
  }
}

export interface Api {
  json<Schema extends z.ZodType>(schema: Schema, path: string, body?: object): Promise<z.infer<Schema>>
  text(path: string): Promise<string>
}

/** @throws CliError when the environment does not say enough */
export function createApi(env: NodeJS.ProcessEnv, locale: Locale, say: Say): Api {
  const url = env['SYNAPSCALE_URL'] || DEFAULT_URL
  if (!/^https?:\/\//.test(url) || !URL.canParse(url)) throw new CliError(say('bad_url', { url }), 2)
  const key = env['SYNAPSCALE_API_KEY']
  if (key === undefined || key === '') throw new CliError(say('no_key'), 2)
  const workspace = env['SYNAPSCALE_WORKSPACE']
  const headers = {
    Authorization: `Bearer ${key}`,
    'Accept-Language': locale,
    ...(workspace === undefined || workspace === '' ? {} : { 'X-Workspace-Id': workspace }),
  }

  async function request(path: string, body?: object): Promise<string> {
    const response = await fetch(`${url.replace(/\/+$/, '')}/api/v1${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: { ...headers, ...(body === undefined ? {} : { 'Content-Type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    }).catch((error: unknown) => {
      const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
      throw new CliError(say('unreachable', { url, detail: String(cause) }), 1)
    })
    const text = await response.text()
    if (response.ok) return text
    const problem = Problem.safeParse(parse(text)).data ?? { detail: text.slice(0, 200), errors: [] }
    throw new Refused(say('refused', { status: response.status, detail: problem.detail }), problem.errors)
  }

  return {
    json: async (schema, path, body) => schema.parse(parse(await request(path, body))),
    text: (path) => request(path),
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
