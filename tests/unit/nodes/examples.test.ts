import { describe, expect, test } from 'vitest'
import { toNodeTypeView } from '#core/workflow/node-type-view'
import { catalog } from '#nodes/catalog'
import type { Json } from '#lib/json'
import { fakePorts, perform } from './node-driver.ts'

/** The world in which an example holds: it answers with what the example says. */
function worldOf(output: Json) {
  const answer = JSON.parse(JSON.stringify(output))
  return fakePorts({
    fetch: (url) => {
      const response = new Response(JSON.stringify(answer.body), { status: answer.status, headers: answer.headers })
      Object.defineProperty(response, 'url', { value: url })
      return Promise.resolve(response)
    },
    generate: ({ model }) => Promise.resolve({ ...answer, model }),
  })
}

describe.each(Object.entries(catalog))('%s', (name, type) => {
  test('is listed under its own name', () => expect(type.type).toBe(name))

  test('its example is true', async () => {
    const { config, input, output } = type.example
    const trigger = name === 'trigger.manual' ? input : { order_id: 7 }
    const emission = await perform(type, config, { input, trigger, ports: worldOf(output) })
    expect(emission.output).toEqual(output)
    for (const handle of emission.handles) expect(type.ports.out).toContain(handle)
  })

  test.each(['pt', 'en'] as const)('reads well in %s, with a schema for forms', (locale) => {
    const view = toNodeTypeView(type, locale)
    expect(view.title).not.toBe('')
    expect(view.description).not.toBe('')
    expect(view.config).toMatchObject({ type: 'object' })
    expect(JSON.stringify(view.config)).not.toContain('"$ref"')
  })
})
