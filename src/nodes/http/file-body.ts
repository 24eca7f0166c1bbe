/** An answer that is stored as a file. */
import type { NodeFiles } from '#core/workflow/node-type'
import type { Json } from '#lib/json'
import type { HttpConfig } from './config.ts'

export const MAX_STORED_BYTES = 100 * 1024 * 1024
/** Of an answer that is none, for the error. */
const MAX_ERROR_BYTES = 64 * 1024

/** Stores the body as it comes; gives the file. Once for each visit: on a further attempt it is there already. */
export async function saveBody(
  files: Pick<NodeFiles, 'write'>,
  { save_as: wanted }: Pick<HttpConfig, 'save_as'>,
  response: Response,
  url: string,
): Promise<Json> {
  const { name = nameOf(response, url), folder = '', tags = [] } = wanted ?? {}
  const type = response.headers.get('content-type')
  const { body } = response
  try {
    const content = body ?? new Uint8Array()
    return await files.write({ name, content, folder, tags, ...(type === null ? {} : { content_type: type }) })
  } finally {
    // Nobody may have read it, and the connection would stand until the deadline.
    await body?.cancel().catch(() => undefined)
  }
}

/** What the server calls it, or the end of its address. */
function nameOf({ headers, url: last }: Response, url: string): string {
  const disposition = headers.get('content-disposition') ?? ''
  const extended = /filename\*=utf-8''([^;\s]+)/i.exec(disposition)?.[1]
  const plain = /filename="?([^";]+)"?/i.exec(disposition)?.[1]
  const path = URL.parse(last || url)
    ?.pathname.split('/')
    .at(-1)
  return decoded(extended) || plain || decoded(path) || 'download'
}

function decoded(text: string | undefined): string {
  try {
    return decodeURIComponent(text ?? '')
  } catch {
    return ''
  }
}

/** The same answer with no more of its body than an error shows. */
export async function withoutRest(response: Response): Promise<Response> {
  const { body, status, headers } = response
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of body ?? []) {
    chunks.push(chunk)
    size += chunk.byteLength
    // Leaving the loop cancels the rest.
    if (size >= MAX_ERROR_BYTES) break
  }
  return new Response(Buffer.concat(chunks), { status, headers })
}
