import { AppError } from '#core/errors'
import type { Json, JsonObject } from '#lib/json'
import { MAX_JSON_DEPTH, jsonDepth, parseJson } from '#lib/json'

/** Who calls is our business: what nodes see goes into logs, events and prompts. */
const PRIVATE_HEADERS: ReadonlySet<string> = new Set(['authorization', 'proxy-authorization', 'cookie', 'x-api-key'])
const JSON_TYPE = /^application\/([\w.-]+\+)?json$/
const TEXT_TYPE = /^text\/|^application\/([\w.-]+\+)?xml$/
const FORM_TYPES: ReadonlySet<string> = new Set(['application/x-www-form-urlencoded', 'multipart/form-data'])

export interface Delivery {
  readonly test: boolean
  readonly deliveryId: string | undefined
  readonly rawBody: boolean
  /** Unix milliseconds. */
  readonly receivedAt: number
}

/**
 * A request as nodes read it in `$trigger`.
 *
 * @throws AppError `malformed_json`, `json_too_deep`; `bad_request` for a form that is none
 */
export async function readDelivery(request: Request, bytes: Uint8Array, delivery: Delivery): Promise<JsonObject> {
  return {
    type: 'webhook',
    test: delivery.test,
    method: request.method,
    query: listed(new URL(request.url).searchParams),
    headers: Object.fromEntries([...request.headers].filter(([name]) => !PRIVATE_HEADERS.has(name))),
    ...(await readBody(bytes, request.headers.get('Content-Type') ?? '')),
    ...(delivery.rawBody ? { raw_body: asText(bytes) ?? asBase64(bytes) } : {}),
    delivery_id: delivery.deliveryId ?? null,
    received_at: new Date(delivery.receivedAt).toISOString(),
  }
}

async function readBody(bytes: Uint8Array, contentType: string): Promise<{ body: Json; body_type: string }> {
  if (bytes.byteLength === 0) return { body: null, body_type: 'none' }
  const mediaType = contentType.split(';', 1).join('').trim().toLowerCase()
  if (JSON_TYPE.test(mediaType)) return { body: readJson(bytes), body_type: 'json' }
  if (FORM_TYPES.has(mediaType)) return { body: await readForm(bytes, contentType), body_type: 'form' }
  const text = TEXT_TYPE.test(mediaType) ? asText(bytes) : undefined
  if (text !== undefined) return { body: text, body_type: 'text' }
  return { body: asBase64(bytes), body_type: 'base64' }
}

function readJson(bytes: Uint8Array): Json {
  const text = asText(bytes)
  if (text === undefined) throw new AppError('malformed_json')
  if (jsonDepth(text) > MAX_JSON_DEPTH) throw new AppError('json_too_deep', { params: { limit: MAX_JSON_DEPTH } })
  try {
    return parseJson(text)
  } catch (cause) {
    throw new AppError('malformed_json', { cause })
  }
}

async function readForm(bytes: Uint8Array, contentType: string): Promise<JsonObject> {
  const form = await new Response(bytes, { headers: { 'Content-Type': contentType } }).formData().catch((cause) => {
    throw new AppError('bad_request', { cause })
  })
  const fields: [string, Json][] = []
  for (const [name, value] of form) fields.push([name, typeof value === 'string' ? value : await readFile(value)])
  return listed(fields)
}

async function readFile(file: File): Promise<Json> {
  const content = asBase64(new Uint8Array(await file.arrayBuffer()))
  return { filename: file.name, content_type: file.type, size: file.size, base64: content }
}

/** By name; a name that comes more than once has a list. */
function listed(pairs: Iterable<readonly [string, Json]>): JsonObject {
  const groups = Map.groupBy(pairs, ([name]) => name)
  return Object.fromEntries(
    Array.from(groups, ([name, group]) => {
      const values = group.map(([, value]) => value)
      return [name, values.length === 1 ? (values[0] ?? null) : values]
    }),
  )
}

/** Undefined where the bytes are no UTF-8. */
function asText(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(bytes)
  } catch {
    return undefined
  }
}

function asBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64')
}
