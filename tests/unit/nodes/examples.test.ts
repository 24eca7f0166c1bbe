import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { Wait } from '#core/workflow/event'
import type { Decision } from '#core/workflow/node-type'
import { toNodeTypeView } from '#core/workflow/node-type-view'
import { AnyJsonObject } from '#core/json'
import { catalog } from '#nodes/catalog'
import type { Json, JsonObject } from '#lib/json'
import { decide, fakePorts } from './node-driver.ts'

/** The world in which an example holds: it answers with what the example says. */
function worldOf(output: Json) {
  const answer = JSON.parse(JSON.stringify(output))
  return fakePorts({
    fetch: (url) => {
      const response = new Response(JSON.stringify(answer.body), { status: answer.status, headers: answer.headers })
      Object.defineProperty(response, 'url', { value: url })
      return Promise.resolve(response)
    },
    files: {
      read: () => {
        const bytes = new TextEncoder().encode(JSON.stringify(answer))
        return Promise.resolve({ filename: 'a.json', content_type: 'application/json', bytes })
      },
      write: () => Promise.resolve(answer),
    },
    startExecution: () => Promise.resolve({ executionId: answer.execution_id }),
    askAgent: () => Promise.resolve({ ...answer, object: undefined }),
    generate: ({ model, output: schema }) =>
      Promise.resolve({ ...answer, model, text: schema === undefined ? answer.text : toText(answer, schema) }),
  })
}

/** What a model says that is bound to a schema: the example's object, or the first of the labels. */
function toText({ object }: { object?: Json }, schema: JsonObject): string {
  const labels = z
    .object({ properties: z.object({ label: z.object({ enum: z.array(z.string()) }) }) })
    .safeParse(schema)
  return JSON.stringify(object ?? { label: labels.data?.properties.label.enum[0] })
}

/** What a decision goes on with, in the world of the example: a wait ends with what the example says. */
function outcomeOf(decision: Decision, output: Json): { output: Json; handles: readonly string[] } {
  switch (decision.kind) {
    case 'emit':
      return decision
    case 'wait':
      return { output: Wait.parse(decision.wait).for === 'execution' ? null : output, handles: [] }
    case 'loop':
      return { output: [...decision.items], handles: ['done'] }
    default:
      return { output: decision.output, handles: [] }
  }
}

describe.each(Object.entries(catalog))('%s', (name, type) => {
  test('is listed under its own name', () => expect(type.type).toBe(name))

  test('its example is true', async () => {
    const { config, input, output } = type.example
    const trigger = type.group === 'triggers' ? input : { order_id: 7 }
    const decision = await decide(type, config, { input, trigger, ports: worldOf(output) })
    const outcome = outcomeOf(decision, output)
    expect(outcome.output).toEqual(output)
    const known = [...type.ports.out, ...(type.handlesOf?.(AnyJsonObject.parse(config)) ?? [])]
    for (const handle of outcome.handles) expect(known).toContain(handle)
  })

  test.each(['pt', 'en'] as const)('reads well in %s, with a schema for forms', (locale) => {
    const view = toNodeTypeView(type, locale)
    expect(view.title).not.toBe('')
    expect(view.description).not.toBe('')
    expect(view.config).toMatchObject({ type: 'object' })
    expect(JSON.stringify(view.config)).not.toContain('"$ref"')
  })
})
