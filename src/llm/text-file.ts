/** Files that are text reach a model as text: every model reads that. */
const TEXT_TYPES: ReadonlySet<string> = new Set([
  'application/json',
  'application/ld+json',
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

/** The file's text between two lines that say which file it is; what is no UTF-8 shows as U+FFFD. */
export function toText(filename: string, data: Uint8Array): string {
  const name = JSON.stringify(filename)
  return `<file name=${name}>\n${new TextDecoder().decode(data)}\n</file>`
}
