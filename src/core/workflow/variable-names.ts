/** `$vars` in the text of a graph. */
const VARIABLE_USE = /\$vars\b(?:(?:\?\.|\.)([A-Za-z_]\w*))?/g

/** The variables that a graph's text names, or `all` when one of its expressions may mean any. */
export function variableNamesIn(text: string): 'all' | readonly string[] {
  const names = Array.from(text.matchAll(VARIABLE_USE), ([, name]) => name)
  return names.includes(undefined) ? 'all' : [...new Set(names.filter((name) => name !== undefined))]
}
