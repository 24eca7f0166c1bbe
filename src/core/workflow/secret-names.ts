/** `$secrets` in the text of an expression, and `$vars` in that of a graph. */
const SECRET_USE = /\$secrets\b\s*(?:(?:\?\.|\.)\s*([A-Za-z_]\w*)|\[\s*(["'])([A-Za-z_]\w*)\2\s*\])?/g
const VARIABLE_USE = /\$vars\b(?:(?:\?\.|\.)([A-Za-z_]\w*))?/g

/** The secrets that an expression names; null for a use that does not say which one. */
export function secretNamesIn(expression: string): (string | null)[] {
  return Array.from(expression.matchAll(SECRET_USE), ([, path, , quoted]) => path ?? quoted ?? null)
}

/** The variables that a graph's text names, or `all` when one of its expressions may mean any. */
export function variableNamesIn(text: string): 'all' | readonly string[] {
  const names = Array.from(text.matchAll(VARIABLE_USE), ([, name]) => name)
  return names.includes(undefined) ? 'all' : [...new Set(names.filter((name) => name !== undefined))]
}
