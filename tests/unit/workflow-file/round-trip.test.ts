import { describe, expect, test } from 'vitest'
import { diffDefinitions } from '#core/workflow/diff'
import { compile } from '#core/workflow/compile'
import { WorkflowFile } from '#core/workflow-file/file'
import { toDefinition } from '#core/workflow-file/read-file'
import { type Exported, toWorkflowFile } from '#core/workflow-file/write-file'
import { readYaml, writeYaml } from '#core/workflow-file/yaml'
import type { Json } from '#lib/json'
import { catalog } from '#nodes/catalog'
import { createChance } from '#tests/unit/core/random'
import { randomWorkflow } from './random-workflow.ts'

const RUNS = 200

/** Two workspaces: the same slugs, other ids. */
const idsOf = (side: string) =>
  Object.fromEntries(['um', 'dois', 'tres'].map((slug, n) => [slug, `01a20000-0000-7000-8000-${side.repeat(11)}${n}`]))
const HERE = idsOf('a')
const THERE = idsOf('b')

function slugsOf(ids: Readonly<Record<string, string>>) {
  return (id: string) => Object.keys(ids).find((slug) => ids[slug] === id)
}

function parseYaml(text: string): Json[] {
  const read = readYaml(text)
  if (!read.ok) throw new Error(`line ${read.error.line}: ${read.error.detail}\n${text}`)
  return read.value.map(({ value }) => value)
}

function importThere(file: unknown): Exported {
  const parsed = WorkflowFile.parse(file)
  const resolver = { catalog, idOf: (slug: string) => THERE[slug], isKnown: () => false }
  const { definition, problems } = toDefinition(parsed, resolver)
  expect(problems).toEqual([])
  return { ...parsed, slug: parsed.slug ?? '', definition }
}

describe('export, import elsewhere, export', { timeout: 60_000 }, () => {
  test.each(['yaml', 'json'])('gives the same bytes in %s, whatever the graph', (format) => {
    for (let seed = 1; seed <= RUNS; seed += 1) {
      const workflow = randomWorkflow(createChance(seed), 'um', Object.values(HERE))
      const file = toWorkflowFile(workflow, catalog, slugsOf(HERE))
      const text = format === 'yaml' ? writeYaml(file) : JSON.stringify(file)
      const [back] = format === 'yaml' ? parseYaml(text) : [JSON.parse(text) as Json]
      expect(back, `seed ${seed}`).toEqual(JSON.parse(JSON.stringify(file)))
      // A literal credential does not come back: what random texts look like one stays out of this test.
      if (text.includes('<masked>')) continue
      const again = toWorkflowFile(importThere(back), catalog, slugsOf(THERE))
      expect(format === 'yaml' ? writeYaml(again) : JSON.stringify(again), `seed ${seed}`).toBe(text)
      expect(text).not.toMatch(/01a20000-|viewport|selected|measured/)
    }
  })

  test('means the same to the engine, and differs in nothing that a person would see', () => {
    for (let seed = 1; seed <= RUNS; seed += 1) {
      const workflow = randomWorkflow(createChance(seed), 'um', ['none'])
      const file = JSON.parse(JSON.stringify(toWorkflowFile(workflow, catalog, () => undefined))) as unknown
      if (JSON.stringify(file).includes('<masked>')) continue
      const { definition } = importThere(file)
      expect(diffDefinitions(workflow.definition, definition), `seed ${seed}`).toEqual({
        identical: true,
        nodes: { added: [], removed: [], changed: [] },
        edges: { added: [], removed: [], changed: [] },
        settings: [],
        other: [],
        moved: [],
      })
      const codes = (of: typeof definition) => {
        const compiled = compile(of, catalog)
        return compiled.ok ? [] : compiled.error.map(({ code, nodeId, path }) => [code, nodeId, path])
      }
      expect(codes(definition), `seed ${seed}`).toEqual(codes(workflow.definition))
    }
  })
})
