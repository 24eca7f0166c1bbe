/**
 * Seals what is stored and must be read again, with AES-256-GCM under `ENCRYPTION_KEY`. A sealed text is
 * `version.nonce.ciphertext`: the version says which key opens it, so that keys can be rotated while both are known.
 */
import { createHash } from 'node:crypto'
import type { Config } from '#config'

export type EncryptionKeys = Config['ENCRYPTION_KEY']
type EncryptionKey = EncryptionKeys[number]

/** Where a sealed text belongs: it does not open anywhere else, whoever copies the row. */
export interface SealedPlace {
  readonly workspaceId: string
  readonly variableId: string
}

/** A sealed text that no key of ours opens: the key is gone, or the text was changed or moved. Never holds either. */
export class SecretUnreadable extends Error {
  override readonly name = 'SecretUnreadable'
}

export interface SecretBox {
  /** The version of the key that seals. */
  readonly version: string
  seal(text: string, place: SealedPlace): Promise<string>
  /** @throws SecretUnreadable */
  open(sealed: string, place: SealedPlace): Promise<string>
}

const ALGORITHM = 'AES-GCM'
/** What GCM is made for (NIST SP 800-38D, 8.2); random ones are safe for 2^32 texts under one key. */
const NONCE_BYTES = 12
const SEALED = /^(v[1-9]\d*)\.([\w-]{16})\.([\w-]{22,})$/

/** The box for these keys: the first seals, all open. */
export function createSecretBox(keys: EncryptionKeys): SecretBox {
  const [first] = keys
  if (first === undefined) throw new Error('ENCRYPTION_KEY has no key, which its schema refuses')
  return {
    version: first.version,
    async seal(text, place) {
      const nonce = crypto.getRandomValues(new Uint8Array(NONCE_BYTES))
      const params = paramsOf(nonce, first, place)
      const cipher = await crypto.subtle.encrypt(params, await importKey(first), new TextEncoder().encode(text))
      return [first.version, toText(nonce), toText(new Uint8Array(cipher))].join('.')
    },
    async open(sealed, place) {
      const [, version, nonce = '', cipher = ''] = SEALED.exec(sealed) ?? []
      const key = keys.find((candidate) => candidate.version === version)
      if (key === undefined) throw new SecretUnreadable(`no key ${version ?? '(no version)'} in ENCRYPTION_KEY`)
      const params = paramsOf(toBytes(nonce), key, place)
      try {
        const text = await crypto.subtle.decrypt(params, await importKey(key), toBytes(cipher))
        return new TextDecoder().decode(text)
      } catch {
        // What WebCrypto throws says no more than that.
        throw new SecretUnreadable(`the key ${key.version} does not open it`)
      }
    },
  }
}

/** The version of the key that a sealed text needs. */
export function versionOf(sealed: string): string | undefined {
  return SEALED.exec(sealed)?.[1]
}

/** Names a key without telling anything of it. */
export function encryptionKeyId({ version, base64 }: EncryptionKey): string {
  const digest = createHash('sha256').update('encryption-key-id:').update(toBytes(base64)).digest('base64url')
  return `${version}-${digest.slice(0, 8)}`
}

function paramsOf(iv: Uint8Array<ArrayBuffer>, { version }: EncryptionKey, place: SealedPlace) {
  const bound = JSON.stringify(['synapscale variable', version, place.workspaceId, place.variableId])
  return { name: ALGORITHM, iv, additionalData: new TextEncoder().encode(bound) }
}

function importKey({ base64 }: EncryptionKey): Promise<CryptoKey> {
  return crypto.subtle.importKey('raw', toBytes(base64), ALGORITHM, false, ['encrypt', 'decrypt'])
}

function toText(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64url')
}

/** Takes both alphabets of base64. */
function toBytes(text: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.from(text.replaceAll('-', '+').replaceAll('_', '/'), 'base64'))
}
