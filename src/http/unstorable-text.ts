import { AppError, type InputProblem } from '#core/errors'
import { type Json, isJsonObject } from '#lib/json'
import { escapeToken } from '#core/input/json-pointer'

const UNSTORABLE = {
  pt: 'Contém um caractere que não pode ser guardado (NUL ou um substituto UTF-16 solto).',
  en: 'Contains a character that cannot be stored (NUL or a lone UTF-16 surrogate).',
}
/** Valid UTF-8 brings neither unescaped into a JSON text, so a text without these escapes need not be parsed. */
const SUSPICIOUS = /\\u(0000|d[89a-f])/i

/**
 * PostgreSQL's text and jsonb take neither NUL nor lone surrogates, so both end at the door, in keys and values alike.
 *
 * @throws AppError `validation_failed` that points at each; `malformed_json` when the text is no JSON
 */
export function rejectUnstorableText(json: string): void {
  if (!SUSPICIOUS.test(json)) return
  const problems = findUnstorable(parseJson(json), '')
  if (problems.length > 0) throw new AppError('validation_failed', { problems })
}

/** Whether PostgreSQL can keep the text. */
export function isStorable(text: string): boolean {
  return !text.includes('\0') && text.isWellFormed()
}

/** The problem of a text that is not `isStorable`. */
export function unstorableProblem(pointer: string): InputProblem {
  return { pointer: pointer.toWellFormed(), sentence: UNSTORABLE }
}

function findUnstorable(value: Json, pointer: string): InputProblem[] {
  if (typeof value === 'string') return isStorable(value) ? [] : [unstorableProblem(pointer)]
  if (Array.isArray(value)) return value.flatMap((item: Json, index) => findUnstorable(item, `${pointer}/${index}`))
  if (!isJsonObject(value)) return []
  return Object.entries(value).flatMap(([key, member]) => {
    const inside = `${pointer}/${escapeToken(key)}`
    return isStorable(key) ? findUnstorable(member, inside) : [unstorableProblem(inside)]
  })
}

function parseJson(text: string): Json {
  try {
    const value: Json = JSON.parse(text)
    return value
  } catch (cause) {
    throw new AppError('malformed_json', { cause })
  }
}
