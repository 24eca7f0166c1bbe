/** A path as a JSON Pointer (RFC 6901); the whole document is the empty text. */
export function toPointer(path: readonly PropertyKey[]): string {
  return path.map((token) => `/${escapeToken(String(token))}`).join('')
}

/** One reference token of a JSON Pointer. */
export function escapeToken(token: string): string {
  return token.replaceAll('~', '~0').replaceAll('/', '~1')
}
