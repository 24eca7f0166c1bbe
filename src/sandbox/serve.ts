import type { Json } from '#lib/json'
import type { Engine } from './engine.ts'
import { type Answer, Control } from './protocol.ts'
import { validateJson } from './validate-json.ts'

/** The answer to one request, both as texts: what every place that runs the sandbox does. */
export async function serve(engine: Engine, request: string): Promise<string> {
  const [first = '', ...values] = request.split('\n')
  const control = Control.parse(JSON.parse(first))
  if (control.type === 'evaluate') return engine.evaluate(control, values)
  const [schema = null, value = null]: Json[] = values.map((text): Json => JSON.parse(text))
  const errors = validateJson(schema, value)
  const answer: Answer = errors.ok ? { errors: [...errors.value] } : { badSchema: errors.error }
  return JSON.stringify(answer)
}
