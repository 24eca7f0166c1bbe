/** What a `Content-Disposition` of a form's field says, and what one of ours says. */

interface Disposition {
  readonly name: string
  readonly filename: string | undefined
}

const PARAMETER = /;\s*([\w!#$%&'*+.^`|~-]+)=(?:"((?:[^"\\]|\\.)*)"|([^\s;"]*))/g

/** As browsers write them: `"` is `%22` or `\"`, and other text plain UTF-8; `filename*` is RFC 8187's. */
export function readDisposition(header: string): Disposition | undefined {
  if (!/^form-data\s*;/i.test(header)) return undefined
  const parameters = new Map(
    Array.from(header.matchAll(PARAMETER), ([, name = '', quoted, plain]) => [
      name.toLowerCase(),
      quoted === undefined ? (plain ?? '') : unquote(quoted),
    ]),
  )
  const name = parameters.get('name')
  if (name === undefined) return undefined
  return { name, filename: readExtended(parameters.get('filename*')) ?? parameters.get('filename') }
}

/** A backslash before anything but a quote or another stands for itself: Windows paths come so. */
function unquote(text: string): string {
  return text.replaceAll(/\\(["\\])/g, '$1').replaceAll('%22', '"')
}

function readExtended(value: string | undefined): string | undefined {
  const encoded = /^utf-8'[^']*'(.*)$/i.exec(value ?? '')?.[1]
  if (encoded === undefined) return undefined
  try {
    return decodeURIComponent(encoded)
  } catch {
    return undefined
  }
}

/** Makes a browser save and never show: with a name for old programs, and the whole one (RFC 6266). */
export function attachment(filename: string): string {
  const ascii = filename
    .normalize('NFKD')
    .replaceAll(/[^\x20-\x7e]/g, '')
    .replaceAll(/["\\%;]/g, '_')
  const encoded = encodeURIComponent(filename.toWellFormed()).replaceAll(
    /['()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16)}`,
  )
  return `attachment; filename="${ascii.trim() || 'file'}"; filename*=UTF-8''${encoded}`
}
