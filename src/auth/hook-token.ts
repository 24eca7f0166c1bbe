/**
 * Addresses and secrets of webhooks. Nothing of them is stored: both are HMACs with `SECRET_KEY` over what they are for,
 * so that a copy of the database opens no webhook. A count in the database makes new ones.
 */
import { createHmac, timingSafeEqual } from 'node:crypto'
import { formatUuid, parseUuid } from '#lib/ids'

const MAC_BYTES = 16
const ID_BYTES = 16
/** Sixteen bytes of the workflow's id and the MAC, in base64url. */
const TOKEN = /^[A-Za-z0-9_-]{43}$/
const SECRET_PREFIX = 'whsec_'

interface HookNode {
  readonly workflowId: string
  readonly nodeId: string
  readonly generation: number
}

/** `test`: the address that runs the draft. */
export type HookKind = 'live' | 'test'

export function hookToken(secretKey: string, kind: HookKind, node: HookNode): string {
  return Buffer.concat([parseUuid(node.workflowId), hookMac(secretKey, kind, node)]).toString('base64url')
}

/** The parts of a token that is well formed; whether it is ours only `isHookMac` says. */
export function readHookToken(token: string): { readonly workflowId: string; readonly mac: Uint8Array } | undefined {
  if (!TOKEN.test(token)) return undefined
  const bytes = Buffer.from(token, 'base64url')
  return { workflowId: formatUuid(bytes.subarray(0, ID_BYTES)), mac: bytes.subarray(ID_BYTES) }
}

/** In constant time. */
export function isHookMac(secretKey: string, kind: HookKind, node: HookNode, mac: Uint8Array): boolean {
  return mac.byteLength === MAC_BYTES && timingSafeEqual(mac, hookMac(secretKey, kind, node))
}

/** The secret that signs, in the form of Standard Webhooks; it is the bearer token too. */
export function hookSecret(secretKey: string, node: HookNode): string {
  return SECRET_PREFIX + hmac(secretKey, 'hook-secret', node).toString('base64')
}

/** The bytes that sign. */
export function signingKey(secret: string): Uint8Array {
  return Buffer.from(secret.slice(SECRET_PREFIX.length), 'base64')
}

function hookMac(secretKey: string, kind: HookKind, node: HookNode): Buffer {
  return hmac(secretKey, `hook-${kind}`, node).subarray(0, MAC_BYTES)
}

function hmac(secretKey: string, what: string, { workflowId, nodeId, generation }: HookNode): Buffer {
  return createHmac('sha256', secretKey)
    .update(JSON.stringify([what, workflowId, nodeId, generation]))
    .digest()
}
