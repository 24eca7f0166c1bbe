/** The file's text between two lines that say which file it is; what is no UTF-8 shows as U+FFFD. */
export function toText(filename: string, data: Uint8Array): string {
  const name = JSON.stringify(filename)
  return `<file name=${name}>\n${new TextDecoder().decode(data)}\n</file>`
}
