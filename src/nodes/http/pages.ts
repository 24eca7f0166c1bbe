/**
 * A list that a server gives in pages. Each page is a request of its own in the visit's order, so that its idempotency
 * key is the same on every attempt (P6).
 */
import { nodeError, NodeFailure } from '#core/workflow/node-error'
import type { NodePorts } from '#core/workflow/node-type'
import { MAX_VALUE_BYTES } from '#core/workflow/limits'
import { type Json, JsonTooLarge, measureJson } from '#lib/json'
import { STARS } from '#lib/redact'
import type { HttpConfig, Pagination } from './config.ts'
import { type Answer, exchange } from './exchange.ts'
import { atPath } from './read-body.ts'

interface Pages {
  /** The last one. */
  readonly answer: Answer
  readonly items: Json[]
  readonly pages: number
  /** The server has more than `max_pages`. */
  readonly hasMore: boolean
}

/** @throws NodeFailure `not_a_list`, `output_too_large`, `http_next_elsewhere`; and like `exchange` */
export async function readPages(
  ports: Pick<NodePorts, 'fetch' | 'files' | 'progress'>,
  config: HttpConfig,
  pagination: Pagination,
  first: string,
): Promise<Pages> {
  const items: Json[] = []
  const asked = new Set<string>()
  let size = 0
  let url = pagination.type === 'page' ? withParam(first, pagination.param, String(pagination.start)) : first
  for (let pages = 1; ; pages += 1) {
    asked.add(url)
    const answer = await exchange(ports, config, url)
    const page = listOf(answer.body, config.response_path)
    size += measure(page, MAX_VALUE_BYTES - size)
    for (const item of page) items.push(item)
    const next = nextOf(pagination, { answer, page, pages, first, query: config.query })
    // A server that names a page again would be asked for ever.
    if (next === undefined || asked.has(next)) return { answer, items, pages, hasMore: false }
    if (pages === pagination.max_pages) return { answer, items, pages, hasMore: true }
    ports.progress({ pages, items: items.length })
    url = next
  }
}

interface Turned {
  readonly answer: Answer
  readonly page: readonly Json[]
  readonly pages: number
  readonly first: string
  /** The node's own. */
  readonly query: HttpConfig['query']
}

/** The address of the next page; undefined behind the last. */
function nextOf(pagination: Pagination, turned: Turned): string | undefined {
  const { answer, page, pages, first } = turned
  if (pagination.type === 'link') return resolve(linkOf(answer.headers), turned)
  if (pagination.type === 'next') return resolve(textAt(answer.body, pagination.path), turned)
  if (pagination.type === 'page') {
    return page.length === 0 ? undefined : withParam(first, pagination.param, String(pagination.start + pages))
  }
  const cursor = textAt(answer.body, pagination.path)
  return cursor === undefined ? undefined : withParam(first, pagination.param, cursor)
}

/** Nothing, and what programs say for nothing, ends the list. */
function textAt(body: Json, path: string): string | undefined {
  const value = atPath(body, path)
  if (typeof value === 'number') return String(value)
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** The target of `rel=next` (RFC 8288). */
function linkOf(headers: Headers): string | undefined {
  for (const [, target, params = ''] of (headers.get('link') ?? '').matchAll(/<([^>]*)>((?:\s*;[^,<]*)*)/g)) {
    if (/;\s*rel\s*=\s*"?(?:[^";]*\s)?next(?:\s[^";]*)?"?\s*(?:;|$)/i.test(params)) return target
  }
  return undefined
}

/**
 * What a server names as the next page gets what the first got, credentials included: so it must be the same server.
 */
function resolve(link: string | undefined, { answer, first, query }: Turned): string | undefined {
  if (link === undefined) return undefined
  const next = URL.parse(link, answer.url)
  const from = new URL(first)
  const isUpgrade = next?.protocol === 'https:' && next.hostname === from.hostname && next.port === from.port
  if (next === null || (next.origin !== from.origin && !isUpgrade)) {
    throw new NodeFailure(nodeError('http_next_elsewhere', { host: next?.host ?? link, expected: from.host }))
  }
  // A secret that the server repeats in its link has been taken out of the answer.
  for (const [name, value] of Object.entries(query)) {
    if (value != null && next.searchParams.get(name)?.includes(STARS) === true) {
      next.searchParams.set(name, String(value))
    }
  }
  return next.href
}

function withParam(url: string, name: string, value: string): string {
  const changed = URL.parse(url)
  // The gate says what is wrong with it.
  if (changed === null) return url
  changed.searchParams.set(name, value)
  return changed.href
}

function listOf(body: Json, path: string | undefined): readonly Json[] {
  const list = path === undefined ? body : atPath(body, path)
  if (Array.isArray(list)) return list
  throw new NodeFailure(nodeError('not_a_list', { field: path === undefined ? 'body' : `body.${path}` }))
}

function measure(page: readonly Json[], left: number): number {
  try {
    return measureJson(page, left)
  } catch (error) {
    if (!(error instanceof JsonTooLarge)) throw error
    throw new NodeFailure(nodeError('output_too_large', { limit: MAX_VALUE_BYTES }))
  }
}
