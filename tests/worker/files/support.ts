/** Files as a client sends and reads them. */
import { env, exports } from 'cloudflare:workers'
import { z } from 'zod'
import { StoredFile } from '#core/files/file'
import type { Caller } from '#tests/worker/security/people'

const ORIGIN = 'http://synapscale.test'

type Content = string | Uint8Array<ArrayBuffer>

export interface Sent {
  readonly name?: string
  readonly type?: string
  readonly fields?: Readonly<Record<string, string>>
  readonly headers?: Readonly<Record<string, string>>
}

/** A form with one file. */
export function formOf(content: Content, { name = 'nota.txt', type = '', fields = {} }: Sent = {}): FormData {
  const form = new FormData()
  form.append('file', new File([content], name, { type }))
  for (const [key, value] of Object.entries(fields)) form.append(key, value)
  return form
}

/** A request by somebody, its body as it is. */
export function request(caller: Caller | undefined, path: string, init: RequestInit = {}): Promise<Response> {
  const headers = new Headers(init.headers)
  if (caller !== undefined) {
    headers.set('Authorization', `Bearer ${caller.token}`)
    headers.set('X-Workspace-Id', caller.workspaceId)
  }
  return exports.default.fetch(new Request(path.startsWith('http') ? path : ORIGIN + path, { ...init, headers }))
}

export function send(caller: Caller, content: Content, sent: Sent = {}): Promise<Response> {
  return request(caller, '/api/v1/files/upload', {
    method: 'POST',
    body: formOf(content, sent),
    headers: sent.headers ?? {},
  })
}

/** Uploads a file that is taken. */
export async function upload(caller: Caller, content: Content, sent: Sent = {}): Promise<StoredFile> {
  const answer = await send(caller, content, sent)
  const text = await answer.text()
  if (answer.status !== 201) throw new Error(`the upload answers ${answer.status}: ${text}`)
  return StoredFile.parse(JSON.parse(text))
}

const Problem = z.object({ code: z.string(), errors: z.array(z.object({ pointer: z.string() })).default([]) })

/** `413 file_too_large /file`. */
export async function outcomeOf(answer: Response): Promise<string> {
  if (answer.status < 400) {
    await answer.body?.cancel()
    return String(answer.status)
  }
  const { code, errors } = Problem.parse(await answer.json())
  return [answer.status, code, ...errors.map(({ pointer }) => pointer)].join(' ')
}

/** The keys of the workspace's objects in R2. */
export async function objectsOf(workspaceId: string): Promise<string[]> {
  const { objects } = await env.FILES.list({ prefix: `workspaces/${workspaceId}/files/` })
  return objects.map(({ key }) => key)
}

/** Bytes that repeat nowhere soon. */
export function bytes(length: number, seed = 1): Uint8Array<ArrayBuffer> {
  const made = new Uint8Array(length)
  let state = seed
  for (let index = 0; index < length; index += 1) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    made[index] = state >>> 24
  }
  return made
}
