import { z } from 'zod'

const MAX_SLUG_LENGTH = 100
/** Room for what makes it the only one: a number or a part of an id. */
const MAX_BASE_LENGTH = 80

/** The name of a workflow or an agent in files and addresses. */
export const Slug = z
  .string()
  .max(MAX_SLUG_LENGTH)
  .regex(/^[a-z0-9]+(?:-[a-z0-9]+)*$/)
  .meta({ description: 'Small letters, digits and single hyphens; unique in the workspace.' })

/** A slug of a name in any script; `fallback` where no letter remains that a slug can have. */
export function toSlug(name: string, fallback = 'workflow'): string {
  const plain = name.normalize('NFKD').replaceAll(/\p{M}/gu, '').toLowerCase()
  return trimmed(trimmed(plain.replaceAll(/[^a-z0-9]+/g, '-')).slice(0, MAX_BASE_LENGTH)) || fallback
}

function trimmed(text: string): string {
  return text.replace(/^-/, '').replace(/-$/, '')
}
