import type { Definition } from '#core/workflow/graph'
import type { Referring } from '#core/workflow/references'
import { isUuid } from '#lib/ids'
import { isJsonObject } from '#lib/json'
import { FILE_FORMAT, type WorkflowFile } from './file.ts'
import { maskNode } from './mask.ts'
import { normalize } from './normalize.ts'
import { nameReferences, nameSettings, referencesIn } from './references.ts'

export interface Exported {
  readonly slug: string
  readonly name: string
  readonly description: string | null
  readonly category: string | null
  readonly tags: readonly string[]
  readonly definition: Definition
}

/** What a file leaves out because it says nothing. */
type Compact = Omit<WorkflowFile, 'description' | 'category' | 'tags' | 'edges'> &
  Partial<Pick<WorkflowFile, 'description' | 'category' | 'tags' | 'edges'>>

/** A workflow as a file: the same workflow always gives the same text, here and in any other workspace. */
export function toWorkflowFile(
  workflow: Exported,
  catalog: Referring,
  slugOf: (id: string) => string | undefined,
): Compact {
  const { slug, name, description, category, tags, definition } = workflow
  const { nodes, edges, settings, ui } = normalize(definition)
  return {
    synapscale: FILE_FORMAT,
    slug,
    name,
    ...(description === null ? {} : { description }),
    ...(category === null ? {} : { category }),
    ...(tags.length === 0 ? {} : { tags: [...tags] }),
    ...(settings === undefined ? {} : { settings: nameSettings(settings, slugOf) }),
    nodes: nodes.map((node) => {
      const { config } = node
      const named = isJsonObject(config)
        ? { ...node, config: nameReferences(catalog, node.type, config, slugOf) }
        : node
      return maskNode(named)
    }),
    ...(edges.length === 0
      ? {}
      : { edges: edges.map((edge) => (edge.ui === undefined ? edge.path : { path: edge.path, ui: edge.ui })) }),
    ...(ui === undefined ? {} : { ui }),
  }
}

/** The ids of workflows whose slugs an export of this one needs. */
export function referencesOf(definition: Definition, catalog: Referring): string[] {
  const { nodes, settings } = normalize(definition)
  return referencesIn(catalog, nodes, settings)
    .filter(isUuid)
    .map((id) => id.toLowerCase())
}
