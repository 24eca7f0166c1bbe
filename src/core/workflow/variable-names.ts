/** What stands in the text of a graph after `$vars` and `$secrets`; within JSON a quote has a backslash before it. */
const USES = {
  vars: /\$vars\b(?:(?:\?\.|\.)([A-Za-z_]\w*)|(?:\?\.)?\[\\?["'`]([A-Za-z_]\w*)\\?["'`]\])?/g,
  secrets: /\$secrets\b(?:(?:\?\.|\.)([A-Za-z_]\w*)|(?:\?\.)?\[\\?["'`]([A-Za-z_]\w*)\\?["'`]\])?/g,
} as const

/** The variables, or the secrets, that a text names, or `all` when one of its expressions may mean any. */
export function variableNamesIn(text: string, root: keyof typeof USES = 'vars'): 'all' | readonly string[] {
  const names = Array.from(text.matchAll(USES[root]), ([, plain, quoted]) => plain ?? quoted)
  return names.includes(undefined) ? 'all' : [...new Set(names.filter((name) => name !== undefined))]
}
