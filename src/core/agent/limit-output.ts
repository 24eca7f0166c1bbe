import { type Json, JsonTooLarge, measureJson } from '#lib/json'

/** What a tool's output may take as JSON: it goes into the transcript, and to the model with every further step. */
export const MAX_OUTPUT_BYTES = 65_536
const MAX_DEPTH = 100

/** The output, or, when it is too large, its beginning as text with a note that says so. */
export function limitOutput(output: Json): Json {
  try {
    measureJson(output, MAX_OUTPUT_BYTES, MAX_DEPTH)
    return output
  } catch (error) {
    if (!(error instanceof JsonTooLarge)) throw error
    if (error.exceeded === 'depth') return { truncated: `The output nests deeper than ${MAX_DEPTH} levels.` }
  }
  const text = typeof output === 'string' ? output : JSON.stringify(output)
  return {
    truncated: `The output has ${text.length} characters; this is the beginning of it.`,
    beginning: cut(text, MAX_OUTPUT_BYTES / 2),
  }
}

/** As many characters as fit, whatever they take once written. */
function cut(text: string, maxBytes: number): string {
  let length = Math.min(text.length, maxBytes)
  while (length > 0) {
    const beginning = text.slice(0, length).toWellFormed()
    try {
      measureJson(beginning, maxBytes)
      return beginning
    } catch {
      length = Math.floor(length / 2)
    }
  }
  return ''
}
