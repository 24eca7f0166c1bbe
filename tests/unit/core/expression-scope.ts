import { createEvaluation, type Scope } from '#core/workflow/evaluate'
import type { FieldKinds } from '#core/workflow/fields'
import { renderConfig, TemplateError } from '#core/workflow/render'
import type { Json } from '#lib/json'

/** What the expressions of these tests see. */
export const scope: Scope = {
  $input: {
    name: 'Ana',
    total: 250,
    zero: 0,
    nothing: null,
    list: [10, 20, 30],
    nested: { 'a key': { deep: true } },
    own: JSON.parse('{"__proto__": "mine", "constructor": "also mine"}') as Json,
  },
  $trigger: { order_id: 7 },
  $nodes: { fetch: { status: 200 }, 'two words': 2 },
  $vars: { REGION: 'eu' },
  $secrets: {},
  $item: undefined,
  $index: undefined,
  $execution: { id: 'e1' },
  $workflow: { id: 'w1', name: 'Orders', version: 3 },
  $now: '2030-01-01T00:00:00.000Z',
}

export function render(template: Json, seen: Scope = scope, kinds: FieldKinds = {}): unknown {
  return renderConfig(template, kinds, createEvaluation(seen))
}

export function valueOf(expression: string): unknown {
  return render(`{{ ${expression} }}`)
}

/** Why an expression fails, in its own words. */
export function failureOf(expression: string): string {
  try {
    return `no failure, but ${JSON.stringify(valueOf(expression))}`
  } catch (error) {
    if (error instanceof TemplateError) return error.message
    throw error
  }
}
