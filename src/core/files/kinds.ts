/** What files may weigh, by what they are. */

const MIB = 1024 * 1024

/** By the beginning of the content type, the first that fits. */
const KINDS = [
  { kind: 'image', types: /^image\//, limitBytes: 100 * MIB },
  { kind: 'audio', types: /^audio\//, limitBytes: 500 * MIB },
  { kind: 'video', types: /^video\//, limitBytes: 5_120 * MIB },
  { kind: 'document', types: /^application\/(pdf|rtf|epub\+zip|msword|vnd\.)/, limitBytes: 250 * MIB },
  {
    kind: 'archive',
    types: /^application\/(zip|gzip|x-(tar|7z-compressed|rar|bzip2|xz)|zstd)/,
    limitBytes: 2_048 * MIB,
  },
  {
    kind: 'text',
    types: /^text\/|[/+](json|xml|yaml)$|^application\/(javascript|x-ndjson|sql)/,
    limitBytes: 500 * MIB,
  },
] as const

const OTHER = { kind: 'other', limitBytes: 1_024 * MIB } as const

export type FileKind = (typeof KINDS)[number]['kind'] | 'other'

/** The kind of a content type, with the bytes that a file of it may have. */
export function kindOf(contentType: string): { readonly kind: FileKind; readonly limitBytes: number } {
  const { kind, limitBytes } = KINDS.find(({ types }) => types.test(contentType)) ?? OTHER
  return { kind, limitBytes }
}

/** What any file may have. */
export const MAX_FILE_BYTES = Math.max(...KINDS.map(({ limitBytes }) => limitBytes))

/** Files that are text reach a model as text: every model reads that. */
const TEXT_TYPES: ReadonlySet<string> = new Set([
  'application/json',
  'application/ld+json',
  'application/x-ndjson',
  'application/xml',
  'application/yaml',
  'application/x-yaml',
  'application/javascript',
  'application/typescript',
  'application/sql',
  'application/toml',
  'image/svg+xml',
])

export function isTextType(contentType: string): boolean {
  const type = contentType.split(';', 1)[0]?.trim().toLowerCase() ?? ''
  return type.startsWith('text/') || TEXT_TYPES.has(type) || /\+(?:json|xml)$/.test(type)
}
