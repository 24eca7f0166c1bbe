/** What a model is told of a file instead of its content, and why. */
export function noteOn(
  { filename, contentType }: { readonly filename: string; readonly contentType: string },
  size: number,
  reason: string,
): string {
  return `[file ${JSON.stringify(filename)}, ${contentType}, ${size} bytes: ${reason}]`
}
