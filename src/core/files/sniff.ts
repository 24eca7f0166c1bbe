/**
 * What bytes are, whatever a client says: it is believed only among types that look alike (texts, zip containers).
 * https://mimesniff.spec.whatwg.org for the markers of HTML.
 */

/** How much of the beginning is looked at. */
export const SNIFF_BYTES = 4_096

interface Magic {
  readonly type: string
  /** In hex; `..` is any byte. */
  readonly bytes: string
  readonly at?: number
}

const MAGIC: readonly Magic[] = [
  { type: 'application/pdf', bytes: '255044462d' },
  { type: 'image/png', bytes: '89504e470d0a1a0a' },
  { type: 'image/jpeg', bytes: 'ffd8ff' },
  { type: 'image/gif', bytes: '47494638..61' },
  { type: 'image/webp', bytes: '52494646........57454250' },
  { type: 'audio/wav', bytes: '52494646........57415645' },
  { type: 'video/x-msvideo', bytes: '52494646........41564920' },
  { type: 'image/avif', bytes: '6674797061766966', at: 4 },
  { type: 'image/heic', bytes: '66747970686569..', at: 4 },
  { type: 'audio/mp4', bytes: '667479704d344120', at: 4 },
  { type: 'video/quicktime', bytes: '6674797071742020', at: 4 },
  { type: 'video/mp4', bytes: '66747970', at: 4 },
  { type: 'image/bmp', bytes: '424d............00000000' },
  { type: 'image/tiff', bytes: '49492a00' },
  { type: 'image/tiff', bytes: '4d4d002a' },
  { type: 'image/x-icon', bytes: '00000100' },
  { type: 'video/webm', bytes: '1a45dfa3' },
  { type: 'audio/mpeg', bytes: '494433' },
  { type: 'audio/mpeg', bytes: 'fffb' },
  { type: 'audio/aac', bytes: 'fff1' },
  { type: 'audio/flac', bytes: '664c6143' },
  { type: 'audio/ogg', bytes: '4f676753' },
  { type: 'application/gzip', bytes: '1f8b' },
  { type: 'application/x-bzip2', bytes: '425a68' },
  { type: 'application/x-xz', bytes: 'fd377a585a00' },
  { type: 'application/zstd', bytes: '28b52ffd' },
  { type: 'application/x-7z-compressed', bytes: '377abcaf271c' },
  { type: 'application/x-rar', bytes: '526172211a07' },
  { type: 'application/x-tar', bytes: '7573746172', at: 257 },
  { type: 'application/wasm', bytes: '0061736d' },
  { type: 'application/x-elf', bytes: '7f454c46' },
  { type: 'application/x-msdownload', bytes: '4d5a' },
  { type: 'application/vnd.sqlite3', bytes: '53514c69746520666f726d6174203300' },
  { type: 'application/vnd.apache.parquet', bytes: '50415231' },
  { type: 'font/woff2', bytes: '774f4632' },
  { type: 'font/woff', bytes: '774f4646' },
  { type: 'application/rtf', bytes: '7b5c727466' },
]

const ZIP = '504b0304'
const EMPTY_ZIP = '504b0506'
const OLE = 'd0cf11e0a1b11ae1'

const OOXML = 'application/vnd.openxmlformats-officedocument'
/** By the name's ending: what a zip container may be. */
const IN_ZIP: Readonly<Record<string, string>> = {
  docx: `${OOXML}.wordprocessingml.document`,
  xlsx: `${OOXML}.spreadsheetml.sheet`,
  pptx: `${OOXML}.presentationml.presentation`,
  odt: 'application/vnd.oasis.opendocument.text',
  ods: 'application/vnd.oasis.opendocument.spreadsheet',
  odp: 'application/vnd.oasis.opendocument.presentation',
  epub: 'application/epub+zip',
}
const IN_OLE: Readonly<Record<string, string>> = {
  doc: 'application/msword',
  xls: 'application/vnd.ms-excel',
  ppt: 'application/vnd.ms-powerpoint',
  msg: 'application/vnd.ms-outlook',
}
/** By the name's ending: what a text may be. */
const IN_TEXT: Readonly<Record<string, string>> = {
  csv: 'text/csv',
  tsv: 'text/tab-separated-values',
  md: 'text/markdown',
  json: 'application/json',
  ndjson: 'application/x-ndjson',
  jsonl: 'application/x-ndjson',
  yaml: 'application/yaml',
  yml: 'application/yaml',
  xml: 'application/xml',
  css: 'text/css',
  js: 'text/javascript',
  mjs: 'text/javascript',
  sql: 'application/sql',
  ics: 'text/calendar',
  vcf: 'text/vcard',
}
const TEXT_TYPES: ReadonlySet<string> = new Set(['text/plain', ...Object.values(IN_TEXT)])

/** A tag at the beginning, or a polyglot's: anything that a browser would take for a page. */
const HTML = /^\s*<(!doctype html|html|head|script|iframe|h1|div|font|table|a|style|title|b|body|br|p|!--)[\s>]/i
const SVG = /^\s*(<\?xml[^>]*>\s*)?(<!--[\s\S]*?-->\s*)*(<!doctype svg[^>]*>\s*)?<svg[\s>]/i

/**
 * The content type of a file.
 *
 * @param head its first `SNIFF_BYTES`, or all of it
 * @param claim what the client says: a type and a name
 */
export function sniffType(head: Uint8Array, claim: { readonly type?: string; readonly filename: string }): string {
  const hex = Array.from(head, (byte) => byte.toString(16).padStart(2, '0')).join('')
  const ending = /\.([a-z0-9]+)$/i.exec(claim.filename)?.[1]?.toLowerCase() ?? ''
  if (hex.startsWith(ZIP) || hex.startsWith(EMPTY_ZIP)) return own(IN_ZIP, ending) ?? 'application/zip'
  if (hex.startsWith(OLE)) return own(IN_OLE, ending) ?? 'application/x-ole-storage'
  const found = MAGIC.find(({ bytes, at = 0 }) => matches(hex.slice(at * 2), bytes))
  if (found !== undefined) return found.type
  const text = toText(head)
  return text === undefined ? 'application/octet-stream' : textType(text, claim.type, ending)
}

function textType(text: string, claimed: string | undefined, ending: string): string {
  if (SVG.test(text)) return 'image/svg+xml'
  if (HTML.test(text)) return 'text/html'
  const [said = ''] = (claimed ?? '').toLowerCase().split(';', 1)
  const byName = own(IN_TEXT, ending)
  if (byName !== undefined) return byName
  return TEXT_TYPES.has(said.trim()) ? said.trim() : 'text/plain'
}

function own(types: Readonly<Record<string, string>>, ending: string): string | undefined {
  return Object.hasOwn(types, ending) ? types[ending] : undefined
}

function matches(hex: string, pattern: string): boolean {
  if (hex.length < pattern.length) return false
  for (let index = 0; index < pattern.length; index += 1) {
    const wanted = pattern[index]
    if (wanted !== '.' && wanted !== hex[index]) return false
  }
  return true
}

/** UTF-8 without control characters that no text has; the last character may be cut. */
function toText(head: Uint8Array): string | undefined {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(head, { stream: true })
    // oxlint-disable-next-line no-control-regex -- these are what is meant
    return /[\u0000-\u0008\u000b\u000e-\u001a\u001c-\u001f]/.test(text) ? undefined : text
  } catch {
    return undefined
  }
}
