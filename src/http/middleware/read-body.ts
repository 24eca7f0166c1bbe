import type { Context } from 'hono'
import { AppError } from '#core/errors'
import { readYaml } from '#core/workflow-file/yaml'
import { isJsonObject, type Json, jsonDepth, parseJson } from '#lib/json'
import { YAML_MEDIA_TYPES } from '#http/media-types'
import { rejectUnstorableText } from '#http/unstorable-text'

const JSON_TYPE = /^application\/([\w.-]+\+)?json$/
const FORM_TYPES = ['application/x-www-form-urlencoded', 'multipart/form-data']
const YAML_TYPES: readonly string[] = YAML_MEDIA_TYPES
/** Reading YAML takes ten times as long as reading JSON, of the thread that everybody shares. */
const YAML_LIMIT_BYTES = 512 * 1024
/** Deeper than any graph or configuration that people draw; shallow enough for every recursive reader behind. */
const MAX_JSON_DEPTH = 64

export interface BodyRules {
  readonly limitBytes: number
  /** The object may also come as a form, as OAuth2 clients and older frontends send it. */
  readonly forms: boolean
  /** The object may also be the list under this key, or one of its items, as JSON or YAML: files, as people have them. */
  readonly files: string | undefined
}

/**
 * Reads the body within its limit and hands on JSON that the validators can take: a form becomes the object it stands
 * for, an empty body an empty object, whatever its content type says (axios labels an empty POST as a form).
 *
 * @throws AppError `body_too_large`, `unsupported_media_type`, `malformed_json`, `malformed_yaml`, `json_too_deep`, `validation_failed`
 */
export async function readBody(c: Context, rules: BodyRules): Promise<void> {
  const bytes = await readWithin(c.req.raw, rules.limitBytes)
  const json = bytes.byteLength === 0 ? '{}' : await toJson(bytes, c.req.header('Content-Type') ?? '', rules)
  if (jsonDepth(json) > MAX_JSON_DEPTH) throw new AppError('json_too_deep', { params: { limit: MAX_JSON_DEPTH } })
  rejectUnstorableText(json)
  const headers = new Headers(c.req.raw.headers)
  headers.set('Content-Type', 'application/json')
  // hono's validator asks the request itself for content type and body, so it gets one that says what is true now.
  c.req.raw = new Request(c.req.raw.url, { method: c.req.method, headers, body: json })
}

async function toJson(bytes: Uint8Array, contentType: string, rules: BodyRules): Promise<string> {
  const mediaType = contentType.split(';', 1).join('').trim().toLowerCase()
  if (rules.files !== undefined) return filesToJson(bytes, mediaType, rules.files)
  if (JSON_TYPE.test(mediaType)) return decode(bytes)
  if (rules.forms && FORM_TYPES.includes(mediaType)) return formToJson(bytes, contentType)
  const expected = rules.forms ? ['application/json', ...FORM_TYPES].join(', ') : 'application/json'
  throw new AppError('unsupported_media_type', { params: { expected } })
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(bytes)
  } catch (cause) {
    throw new AppError('malformed_json', { cause })
  }
}

/** @throws AppError `malformed_yaml`, and as `readBody` */
function filesToJson(bytes: Uint8Array, mediaType: string, key: string): string {
  const isYaml = YAML_TYPES.includes(mediaType)
  if (!isYaml && !JSON_TYPE.test(mediaType)) {
    throw new AppError('unsupported_media_type', {
      params: { expected: ['application/json', ...YAML_TYPES].join(', ') },
    })
  }
  if (isYaml && bytes.byteLength > YAML_LIMIT_BYTES) throw tooLarge(YAML_LIMIT_BYTES)
  const values = isYaml ? yamlValues(decode(bytes)) : [jsonValue(decode(bytes))]
  const [first] = values
  if (values.length === 1 && isJsonObject(first) && Object.hasOwn(first, key)) return JSON.stringify(first)
  return JSON.stringify({ [key]: values.flatMap((value) => value) })
}

function yamlValues(text: string): Json[] {
  const read = readYaml(text)
  if (!read.ok) throw new AppError('malformed_yaml', { params: { line: read.error.line, detail: read.error.detail } })
  return read.value.map(({ value }) => value)
}

function jsonValue(text: string): Json {
  if (jsonDepth(text) > MAX_JSON_DEPTH) throw new AppError('json_too_deep', { params: { limit: MAX_JSON_DEPTH } })
  try {
    return parseJson(text)
  } catch (cause) {
    throw new AppError('malformed_json', { cause })
  }
}

async function formToJson(bytes: Uint8Array, contentType: string): Promise<string> {
  try {
    const form = await new Response(bytes, { headers: { 'Content-Type': contentType } }).formData()
    return JSON.stringify(Object.fromEntries(form))
  } catch (cause) {
    throw new AppError('bad_request', { cause })
  }
}

/** Counts while reading, for a body may come without a length or with a false one. */
export async function readWithin(request: Request, limitBytes: number): Promise<Uint8Array> {
  if (Number(request.headers.get('Content-Length') ?? 0) > limitBytes) throw tooLarge(limitBytes)
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of request.body ?? []) {
    length += chunk.byteLength
    // Leaving the loop cancels the stream: the rest is never read.
    if (length > limitBytes) throw tooLarge(limitBytes)
    chunks.push(chunk)
  }
  return concat(chunks, length)
}

function tooLarge(limit: number): AppError {
  return new AppError('body_too_large', { params: { limit } })
}

function concat(chunks: readonly Uint8Array[], length: number): Uint8Array {
  const whole = new Uint8Array(length)
  let offset = 0
  for (const chunk of chunks) {
    whole.set(chunk, offset)
    offset += chunk.byteLength
  }
  return whole
}
