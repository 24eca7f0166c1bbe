import type { PlanNode } from './plan.ts'
import { findHoles } from './template.ts'

/** The secrets that a node's config names in fields that may hold them. Any other use was refused when it was compiled. */
export function secretsOf(node: Pick<PlanNode, 'config' | 'bare'>, fields: readonly string[] = []): readonly string[] {
  const names = new Set<string>()
  for (const field of fields) {
    const value = node.config[field]
    // Parsing is dear, and most configs name none.
    if (value === undefined || !JSON.stringify(value).includes('$secrets')) continue
    for (const { hole } of findHoles({ [field]: value }, node.bare)) {
      if (hole.result.ok) for (const name of hole.result.value.secrets) if (name !== null) names.add(name)
    }
  }
  return [...names]
}
