/** The text of a `.env` file. */

export interface EnvLine {
  readonly key: string
  readonly value: string
}

const LINE = /^(?:export\s+)?([^\s=#]+)\s*=(.*)$/
const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' }

/** Its assignments in order, one a line; what is neither that nor a comment is left out. */
export function parseEnvText(text: string): EnvLine[] {
  return text.split(/\r?\n/).flatMap((line) => {
    const [, key, written = ''] = LINE.exec(line.trim()) ?? []
    return key === undefined ? [] : [{ key, value: readValue(written.trim()) }]
  })
}

function readValue(written: string): string {
  const [, double] = /^"((?:[^"\\]|\\.)*)"/.exec(written) ?? []
  if (double !== undefined) return double.replace(/\\(.)/g, (_, char: string) => ESCAPES[char] ?? char)
  const [, single] = /^'([^']*)'/.exec(written) ?? []
  return single ?? (written.split(/\s#/, 1)[0] ?? '').trimEnd()
}

/** One assignment a line, quoted where that is needed to read it back. */
export function toEnvText(lines: readonly EnvLine[]): string {
  return lines.map(({ key, value }) => `${key}=${writeValue(value)}\n`).join('')
}

function writeValue(value: string): string {
  if (/^[\w./:@%+,=-]*$/.test(value)) return value
  const escaped = value
    .replace(/["\\]/g, String.raw`\$&`)
    .replaceAll('\n', '\\n')
    .replaceAll('\r', '\\r')
  return `"${escaped.replaceAll('\t', '\\t')}"`
}
