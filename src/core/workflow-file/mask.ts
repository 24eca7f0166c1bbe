/**
 * Files go into git, where a credential stays for ever: literal values that look like one leave as `<masked>`. Coming
 * back, a mask stands for what the same node of the same workflow has at that place; elsewhere it is a problem.
 */
import { toPointer } from '#core/input/json-pointer'
import { isJsonObject, type Json } from '#lib/json'
import type { FileNode } from './file.ts'

export const MASK = '<masked>'

const CREDENTIAL_KEY =
  /(?:^|-)(?:authorization|cookie|token|secret|password|passwd|passphrase|credentials?|signature|api-?key|(?:access|private|secret|auth|signing|encryption)-?key)$/
/** How well-known keys begin; a scheme of `Authorization`; a password in an address. */
const CREDENTIAL_VALUE =
  /^(?:sk|pk|rk|ghp|gho|ghs|ghu|glpat|xox[abeprs]|whsec)[-_][\w-]{8,}|^github_pat_\w{8,}|^AKIA[0-9A-Z]{12,}|^(?:Bearer|Basic)\s+[\w+/=.~-]{8,}$|^-----BEGIN [A-Z ]*PRIVATE KEY|^[a-z][a-z\d+.-]*:\/\/[^/\s:@]*:[^/\s@]+@/
const QUERY_PARAMETER = /[?&]([^=&#]+)=([^&#]+)/g

const PARTS = ['config', 'pinned', 'data'] as const

/** The node without what looks like a credential. */
export function maskNode(node: FileNode): FileNode {
  return mapParts(node, (value) => mask(value, '', false))
}

/**
 * The node with masks filled from what it was, and where one could not be.
 *
 * @param former the same node as it is stored, unmasked
 */
export function unmaskNode(node: FileNode, former: FileNode | undefined) {
  const missing: string[] = []
  const filled = mapParts(node, (value, part) => unmask(value, former?.[part], [part], missing))
  return { node: filled, missing }
}

function mapParts(node: FileNode, map: (value: Json, part: (typeof PARTS)[number]) => Json): FileNode {
  const mapped = { ...node }
  for (const part of PARTS) {
    const value = node[part]
    if (value === undefined) continue
    Object.assign(mapped, { [part]: map(value, part) })
  }
  return mapped
}

/** @param isCredential whether the place says so, as `auth: { type: header }` says of its `value` */
function mask(value: Json, key: string, isCredential: boolean): Json {
  if (typeof value === 'string') {
    return value !== '' && !value.includes('{{') && (isCredential || isCredentialKey(key) || looksLikeOne(value))
      ? MASK
      : value
  }
  if (Array.isArray(value)) return value.map((item) => mask(item, key, isCredential))
  if (!isJsonObject(value)) return value
  const isHeaderAuth = value['type'] === 'header'
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [name, mask(member, name, isHeaderAuth && name === 'value')]),
  )
}

function isCredentialKey(key: string): boolean {
  const words = key
    .replaceAll(/([a-z\d])([A-Z])/g, '$1-$2')
    .replaceAll(/[_.\s]+/g, '-')
    .toLowerCase()
  return CREDENTIAL_KEY.test(words)
}

function looksLikeOne(text: string): boolean {
  if (CREDENTIAL_VALUE.test(text)) return true
  if (!/^https?:/i.test(text)) return false
  return Array.from(text.matchAll(QUERY_PARAMETER)).some(([, name = '']) => isCredentialKey(name))
}

function unmask(value: Json, former: unknown, path: readonly PropertyKey[], missing: string[]): Json {
  if (value === MASK) {
    if (typeof former === 'string' && former !== MASK) return former
    missing.push(toPointer(path))
    return value
  }
  if (Array.isArray(value)) {
    return value.map((item, index) =>
      unmask(item, Array.isArray(former) ? former[index] : undefined, [...path, index], missing),
    )
  }
  if (!isJsonObject(value)) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [
      key,
      unmask(
        member,
        isJsonObject(former) && Object.hasOwn(former, key) ? former[key] : undefined,
        [...path, key],
        missing,
      ),
    ]),
  )
}
