/** Some of a file's bytes. */
export interface ByteRange {
  readonly offset: number
  readonly length: number
}

/**
 * One range of a `Range` header (RFC 9110, 14.1.2). Several, or another unit, are as if nothing had been said: the whole
 * is always a right answer.
 *
 * @returns undefined for the whole, `unsatisfiable` when the range begins behind the end
 */
export function readRange(header: string | undefined, size: number): ByteRange | 'unsatisfiable' | undefined {
  const found = /^bytes=(\d*)-(\d*)$/.exec(header?.trim() ?? '')
  if (found === null) return undefined
  const [, from = '', to = ''] = found
  if (from === '' && to === '') return undefined
  if (from === '') {
    const length = Math.min(Number(to), size)
    return length === 0 ? 'unsatisfiable' : { offset: size - length, length }
  }
  const offset = Number(from)
  const last = to === '' ? size - 1 : Math.min(Number(to), size - 1)
  if (to !== '' && Number(to) < offset) return undefined
  return offset >= size ? 'unsatisfiable' : { offset, length: last - offset + 1 }
}

/** Whether an `If-None-Match` names this tag (RFC 9110, 13.1.2: by weak comparison). */
export function namesTag(header: string | undefined, tag: string): boolean {
  if (header === undefined) return false
  return header.split(',').some((one) => one.trim() === '*' || one.trim().replace(/^W\//, '') === tag)
}
