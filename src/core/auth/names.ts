import type { Sentence } from '#core/messages'
import { err, ok, type Result } from '#lib/result'

export const NAMES_DIFFER: Sentence = { pt: 'Difere do outro nome enviado.', en: 'Differs from the other name sent.' }
export const NAME_REQUIRED: Sentence = {
  pt: 'Envie name, full_name ou first_name e last_name.',
  en: 'Send name, full_name, or first_name and last_name.',
}

/** The ways in which clients of several generations say a person's name. */
export interface GivenNames {
  readonly name?: string | undefined
  readonly full_name?: string | undefined
  readonly first_name?: string | undefined
  readonly last_name?: string | undefined
}

/** What is stored of it; a part that nobody gave is absent. */
export interface NameParts {
  readonly first_name?: string | undefined
  readonly last_name?: string | undefined
}

/** Both parts as one text. */
export function joinName(parts: NameParts): string {
  return [parts.first_name, parts.last_name].filter((part) => part !== undefined && part !== '').join(' ')
}

/** The first word, and the rest. */
function splitName(whole: string): NameParts {
  const space = whole.indexOf(' ')
  if (space < 0) return { first_name: whole, last_name: '' }
  return { first_name: whole.slice(0, space), last_name: whole.slice(space + 1) }
}

/**
 * The parts to store. Somebody may say the name in several ways, but not two different names: the error is the key
 * that disagrees.
 */
export function resolveNames(given: GivenNames): Result<NameParts, 'name' | 'full_name'> {
  const { name, full_name, first_name, last_name } = given
  if (name !== undefined && full_name !== undefined && name !== full_name) return err('name')
  const whole = full_name ?? name
  const parts = { first_name, last_name }
  if (whole === undefined) return ok(parts)
  if (first_name === undefined && last_name === undefined) return ok(splitName(whole))
  if (joinName(parts) !== whole) return err(full_name === undefined ? 'name' : 'full_name')
  return ok(parts)
}
