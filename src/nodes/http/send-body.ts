/** How a node's body leaves. */
import { FormBody, type HttpConfig, MultipartBody, type Part } from './config.ts'

interface Sent {
  readonly body: string | Uint8Array<ArrayBuffer>
  readonly contentType: string | undefined
  /** Whatever the headers say: without it nobody could read the body. */
  readonly isFixed?: true
}

/** The body with its content type; undefined without one. */
export function toBody({ body, body_type: type }: Pick<HttpConfig, 'body' | 'body_type'>): Sent | undefined {
  if (body == null) return undefined
  if (type === 'form') return { body: toForm(FormBody.parse(body)), contentType: 'application/x-www-form-urlencoded' }
  if (type === 'multipart') return toMultipart(MultipartBody.parse(body))
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

/** RFC 7578. Its boundary follows from what is in it: every attempt sends the same bytes. */
function toMultipart(parts: readonly Part[]): Sent {
  const contents = parts.map(contentOf)
  let boundary = 'synapscale-form-data'
  const occurs = () => contents.some((content) => content.includes(boundary))
  for (let count = 1; occurs(); count += 1) boundary = `synapscale-form-data-${count}`
  const pieces = parts.flatMap((part, index) => [
    Buffer.from(`--${boundary}\r\n${headersOf(part)}\r\n`),
    contents[index] ?? Buffer.alloc(0),
    Buffer.from('\r\n'),
  ])
  const body = new Uint8Array(Buffer.concat([...pieces, Buffer.from(`--${boundary}--\r\n`)]))
  return { body, contentType: `multipart/form-data; boundary=${boundary}`, isFixed: true }
}

function contentOf(part: Part): Buffer {
  if ('value' in part) return Buffer.from(String(part.value))
  return 'text' in part ? Buffer.from(part.text) : Buffer.from(part.base64, 'base64')
}

function headersOf(part: Part): string {
  const name = `Content-Disposition: form-data; name="${quote(part.name)}"`
  if ('value' in part) return `${name}\r\n`
  const fallback = 'text' in part ? 'text/plain;charset=utf-8' : 'application/octet-stream'
  return `${name}; filename="${quote(part.filename)}"\r\nContent-Type: ${part.content_type ?? fallback}\r\n`
}

/** As browsers do it (HTML, "multipart form data"): no name ends its header. */
function quote(text: string): string {
  return text.replaceAll('"', '%22').replaceAll('\r', '%0D').replaceAll('\n', '%0A')
}
