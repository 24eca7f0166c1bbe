/**
 * Secrets in requests. What asks for a request knows placeholders only; the values take their places here, hop by hop,
 * when it is certain where the request goes.
 *
 * S1  A secret that is bound to hosts leaves for these alone, also when a redirect says otherwise.
 * S2  One that is not leaves for the origin that the request was made for, and is never carried on to another.
 * S3  It leaves in a query, a header, a text or bytes as body; a placeholder anywhere else stops the request.
 */
import { isHostNamed } from '#core/variable/hosts'
import { OutboundError } from './errors.ts'
import type { Hop } from './redirect.ts'

export interface OutboundSecret {
  readonly name: string
  readonly value: string
  /** Patterns; empty for any host. */
  readonly hosts: readonly string[]
  /** ASCII letters, digits and `_`, too long to be guessed: every encoding leaves it as it is. */
  readonly placeholder: string
}

export interface SecretFill {
  /**
   * The hop with the values in their places.
   *
   * @param first what the request was made for
   * @throws OutboundError `outbound_secret_host`, `outbound_secret_place`
   */
  apply(hop: Hop, target: URL, first: URL): { readonly hop: Hop; readonly url: URL }
  /** Everything that must not come back: the values as they are and as they have left, and the placeholders. */
  hidden(): readonly string[]
}

type Encode = (value: string) => string

const asItIs: Encode = (value) => value
const inJson: Encode = (value) => JSON.stringify(value).slice(1, -1)
const inBytes: Encode = (value) => Buffer.from(value, 'utf8').toString('latin1')
const inForm: Encode = (value) => new URLSearchParams([['', value]]).toString().slice(1)

/** Makes the filler for one visit. */
export function createSecretFill(secrets: readonly OutboundSecret[]): SecretFill {
  const hidden = new Set(secrets.flatMap(({ value, placeholder }) => [placeholder, ...writingsOf(value)]))

  return {
    hidden: () => [...hidden],
    apply(hop, target, first) {
      const put = (text: string, encode: Encode): string =>
        secrets.reduce((filled, secret) => {
          if (!filled.includes(secret.placeholder)) return filled
          if (!maySend(secret, target, first)) throw refusal('outbound_secret_host', secret, target)
          return filled.replaceAll(secret.placeholder, () => encode(secret.value))
        }, text)
      const refuseIn = (text: string): void => {
        const misplaced = secrets.find(({ placeholder }) => text.includes(placeholder))
        if (misplaced !== undefined) throw refusal('outbound_secret_place', misplaced, target)
      }
      refuseIn(`${target.host}${target.pathname}`)
      const url = new URL(target)
      if (url.search !== '') url.search = put(url.search, inForm)
      return { url, hop: { ...hop, headers: fillHeaders(hop.headers), body: fillBody(hop) } }

      function fillHeaders(headers: Headers): Headers {
        const filled = new Headers()
        for (const [name, text] of headers) {
          refuseIn(name)
          const value = name === 'authorization' ? (fillBasic(text) ?? put(text, asItIs)) : put(text, asItIs)
          setHeader(filled, name, value, target)
        }
        return filled
      }

      /** User and password are in base64 already, and the placeholder with them. */
      function fillBasic(text: string): string | undefined {
        const [, encoded] = /^Basic ([A-Za-z0-9+/]+=*)$/.exec(text) ?? []
        if (encoded === undefined) return undefined
        const pair = Buffer.from(encoded, 'base64').toString('utf8')
        const filled = put(pair, asItIs)
        if (filled === pair) return undefined
        const sent = toBase64(filled)
        for (const writing of base64Of(filled)) hidden.add(writing)
        return `Basic ${sent}`
      }

      function fillBody({ body, headers }: Hop): Hop['body'] {
        // Parts of a form: searched byte by byte, for Latin-1 is one character a byte both ways.
        if (body instanceof Uint8Array) return Buffer.from(put(Buffer.from(body).toString('latin1'), inBytes), 'latin1')
        if (typeof body !== 'string') return body
        const type = headers.get('content-type') ?? ''
        if (/[/+]json\b/i.test(type)) return put(body, inJson)
        return put(body, /^application\/x-www-form-urlencoded\b/i.test(type) ? inForm : asItIs)
      }
    },
  }
}

function maySend({ hosts }: OutboundSecret, target: URL, first: URL): boolean {
  const isFirst = target.origin === first.origin
  if (hosts.length === 0) return isFirst
  const isDowngrade = first.protocol === 'https:' && target.protocol !== 'https:'
  return isHostNamed(hosts, target.hostname) && !isDowngrade
}

/** The runtime's own error may repeat the value. */
function setHeader(headers: Headers, name: string, value: string, target: URL): void {
  try {
    headers.set(name, value)
  } catch {
    throw new OutboundError({ code: 'outbound_invalid_request', params: { host: target.host, detail: name } })
  }
}

function refusal(code: 'outbound_secret_host' | 'outbound_secret_place', { name }: OutboundSecret, { host }: URL) {
  return new OutboundError({ code, params: { name, host } })
}

/** A text as it stands and in the encodings in which servers repeat what they were sent. */
function writingsOf(value: string): readonly string[] {
  return [...[asItIs, inJson, inForm, encodeURIComponent].map((encode) => encode(value)), ...base64Of(value)]
}

/** Without the padding, which is at times left out and at times encoded once more. */
function base64Of(text: string): readonly string[] {
  const bare = toBase64(text).replace(/=+$/, '')
  return [bare, encodeURIComponent(bare), Buffer.from(text, 'utf8').toString('base64url')]
}

function toBase64(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64')
}
