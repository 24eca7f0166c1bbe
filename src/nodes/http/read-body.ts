/** What a server's answer is to the nodes behind. */
import { isJsonObject, type Json, parseJson } from '#lib/json'
import type { HttpConfig } from './config.ts'

const JSON_TYPE = /[/+]json\b/i
const TEXT_TYPE = /^text\/|[/+]xml\b/i

/** The body as `response_type` wants it. Empty is null. */
export async function readBody(response: Response, type: Exclude<HttpConfig['response_type'], 'file'>): Promise<Json> {
  const bytes = Buffer.from(await response.arrayBuffer())
  if (bytes.byteLength === 0) return null
  const contentType = response.headers.get('content-type')
  if (type === 'base64') return toBinary(bytes, contentType)
  if (type === 'text') return toText(bytes, contentType)
  if (type === 'json' || contentType === null || JSON_TYPE.test(contentType)) {
    return toJson(bytes) ?? (isReadable(bytes, contentType) ? toText(bytes, contentType) : toBinary(bytes, contentType))
  }
  return isReadable(bytes, contentType) ? toText(bytes, contentType) : toBinary(bytes, contentType)
}

/** The part of a value that a path like `data.items[0].id` names; what is missing is null. */
export function atPath(value: Json, path: string): Json {
  let found: Json = value
  for (const key of path.split(/[.[\]]+/).filter((part) => part !== '')) {
    if (Array.isArray(found)) found = found[Number(key)] ?? null
    else if (isJsonObject(found) && Object.hasOwn(found, key)) found = found[key] ?? null
    else return null
  }
  return found
}

function toJson(bytes: Buffer): Json | undefined {
  try {
    return parseJson(new TextDecoder().decode(bytes))
  } catch {
    return undefined
  }
}

/** Text where the server says so, or where the bytes are UTF-8. */
function isReadable(bytes: Buffer, contentType: string | null): boolean {
  if (contentType !== null && TEXT_TYPE.test(contentType)) return true
  if (bytes.includes(0)) return false
  try {
    new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(bytes)
    return true
  } catch {
    return false
  }
}

function toText(bytes: Buffer, contentType: string | null): string {
  const [, charset = 'utf-8'] = /;\s*charset="?([\w-]+)/i.exec(contentType ?? '') ?? []
  try {
    return new TextDecoder(charset).decode(bytes)
  } catch {
    // A name that nobody knows.
    return new TextDecoder().decode(bytes)
  }
}

function toBinary(bytes: Buffer, contentType: string | null): Json {
  const type = contentType ?? 'application/octet-stream'
  return { content_type: type, base64: bytes.toString('base64'), bytes: bytes.byteLength }
}
