import type { FieldKinds } from './fields.ts'
import type { PlanNode } from './plan.ts'
import { containsTemplate, findHoles } from './template.ts'

/** The secrets that a node's config names in fields that may hold them. Any other use was refused when it was compiled. */
export function secretsOf({ config }: Pick<PlanNode, 'config'>, kinds: FieldKinds): readonly string[] {
  const names = new Set<string>()
  for (const field of kinds.secrets ?? []) {
    const value = config[field]
    // Parsing is dear, and most configs have no template there.
    if (value === undefined || !containsTemplate(value)) continue
    for (const { hole } of findHoles({ [field]: value }, kinds)) {
      if (hole.result.ok) for (const name of hole.result.value.secrets) if (name !== null) names.add(name)
    }
  }
  return [...names]
}
