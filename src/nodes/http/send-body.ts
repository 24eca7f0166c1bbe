/** How a node's body leaves. */
import type { NodeFiles } from '#core/workflow/node-type'
import { FormBody, type HttpConfig, MultipartBody, type Part } from './config.ts'

interface Sent {
  readonly body: string | Uint8Array<ArrayBuffer>
  readonly contentType: string | undefined
  /** Whatever the headers say: without it nobody could read the body. */
  readonly isFixed?: true
}

/** Of the files of the workspace that one request sends. */
const MAX_FILES_BYTES = 32 * 1024 * 1024

/** The body with its content type; undefined without one. */
export async function toBody(
  { body, body_type: type }: Pick<HttpConfig, 'body' | 'body_type'>,
  files: Pick<NodeFiles, 'read'>,
): Promise<Sent | undefined> {
  if (body == null) return undefined
  if (type === 'form') return { body: toForm(FormBody.parse(body)), contentType: 'application/x-www-form-urlencoded' }
  if (type === 'multipart') return toMultipart(await readParts(MultipartBody.parse(body), files))
  return typeof body === 'string'
    ? { body, contentType: undefined }
    : { body: JSON.stringify(body), contentType: 'application/json' }
}

function toForm(fields: FormBody): string {
  const entries = Object.entries(fields).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : value === null ? [] : [value]).map((one) => [name, String(one)]),
  )
  return new URLSearchParams(entries).toString()
}

/** A part with its bytes. */
interface Content {
  readonly name: string
  readonly bytes: Buffer
  readonly file?: { readonly filename: string; readonly type: string }
}

async function readParts(parts: readonly Part[], files: Pick<NodeFiles, 'read'>): Promise<Content[]> {
  const contents: Content[] = []
  let left = MAX_FILES_BYTES
  for (const part of parts) {
    const content = 'file_id' in part ? await readFile(part, files, left) : toContent(part)
    if ('file_id' in part) left -= content.bytes.byteLength
    contents.push(content)
  }
  return contents
}

type FilePart = Extract<Part, { readonly file_id: string }>

async function readFile(part: FilePart, files: Pick<NodeFiles, 'read'>, left: number): Promise<Content> {
  const { bytes, filename, content_type } = await files.read(part.file_id, left)
  const file = { filename: part.filename ?? filename, type: part.content_type ?? content_type }
  return { name: part.name, bytes: Buffer.from(bytes), file }
}

function toContent(part: Exclude<Part, FilePart>): Content {
  const { name } = part
  if ('value' in part) return { name, bytes: Buffer.from(String(part.value)) }
  const { filename, content_type: type } = part
  return 'text' in part
    ? { name, bytes: Buffer.from(part.text), file: { filename, type: type ?? 'text/plain;charset=utf-8' } }
    : { name, bytes: Buffer.from(part.base64, 'base64'), file: { filename, type: type ?? 'application/octet-stream' } }
}

/** RFC 7578. Its boundary follows from what is in it: every attempt sends the same bytes. */
function toMultipart(parts: readonly Content[]): Sent {
  let boundary = 'synapscale-form-data'
  const occurs = () => parts.some(({ bytes }) => bytes.includes(boundary))
  for (let count = 1; occurs(); count += 1) boundary = `synapscale-form-data-${count}`
  const pieces = parts.flatMap((part) => [
    Buffer.from(`--${boundary}\r\n${headersOf(part)}\r\n`),
    part.bytes,
    Buffer.from('\r\n'),
  ])
  const body = new Uint8Array(Buffer.concat([...pieces, Buffer.from(`--${boundary}--\r\n`)]))
  return { body, contentType: `multipart/form-data; boundary=${boundary}`, isFixed: true }
}

function headersOf({ name, file }: Content): string {
  const field = `Content-Disposition: form-data; name="${quote(name)}"`
  return file === undefined
    ? `${field}\r\n`
    : `${field}; filename="${quote(file.filename)}"\r\nContent-Type: ${file.type}\r\n`
}

/** As browsers do it (HTML, "multipart form data"): no name ends its header. */
function quote(text: string): string {
  return text.replaceAll('"', '%22').replaceAll('\r', '%0D').replaceAll('\n', '%0A')
}
