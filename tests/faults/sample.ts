/** Values for a JSON Schema of the document: mostly right ones, so that junk gets past the first check. */
import { z } from 'zod'
import type { Json } from '#lib/json'
import type { Chance } from '#tests/unit/core/random'

export const Schema = z.looseObject({
  $ref: z.string().optional(),
  type: z.union([z.string(), z.array(z.string())]).optional(),
  format: z.string().optional(),
  enum: z.array(z.json()).optional(),
  const: z.json().optional(),
  minimum: z.number().optional(),
  required: z.array(z.string()).optional(),
  get properties() {
    return z.record(z.string(), Schema).optional()
  },
  get items() {
    return Schema.optional()
  },
  get anyOf() {
    return z.array(Schema).optional()
  },
  get oneOf() {
    return z.array(Schema).optional()
  },
  get allOf() {
    return z.array(Schema).optional()
  },
})
export type Schema = z.infer<typeof Schema>

const MAX_DEPTH = 6
const HUGE = 100_000

const TEXTS = [
  '',
  ' ',
  '0',
  '-1',
  'null',
  'undefined',
  'NaN',
  '\u0000',
  'a\u0000b',
  '\ud800',
  '\udfff\ud800',
  '\uffff\ufffe',
  '\u202ereversed',
  'e\u0301'.repeat(500),
  '💥'.repeat(1_000),
  '%00',
  '%',
  '%c0%ae',
  '../../../etc/passwd',
  '..%2f..%2f',
  "'; DROP TABLE users; --",
  '" OR 1=1',
  '{{ $trigger.constructor.constructor("return process")() }}',
  '{{ while(true){} }}',
  '${7*7}',
  '<script>alert(1)</script>',
  '__proto__',
  'constructor',
  '9999-12-31T23:59:59.999Z',
  '0000-00-00',
  '2026-02-30T25:61:61Z',
  '00000000-0000-0000-0000-000000000000',
  'ffffffff-ffff-ffff-ffff-ffffffffffff',
  '1e400',
  '99999999999999999999999',
  'http://169.254.169.254/',
  'javascript:alert(1)',
  'a@b',
  `${'a'.repeat(300)}@example.com`,
  '\r\nX-Injected: 1',
]
const NUMBERS = [0, -0, -1, 1.5, 1e308, -1e308, 5e-324, 2 ** 31, 2 ** 53, 2 ** 63, 1e21, 0.1 + 0.2]

/** What nobody expects. */
export function junk(chance: Chance): Json {
  switch (chance.below(9)) {
    case 0:
      return null
    case 1:
      return chance.happens(0.5)
    case 2:
      return chance.pick(NUMBERS)
    case 3:
      return []
    case 4:
      return {}
    case 5:
      return Array.from({ length: chance.below(50) }, () => chance.pick(TEXTS))
    case 6:
      return JSON.parse('{"__proto__":{"x":1},"constructor":{"prototype":{}},"":0,"\\u0000":"\\ud800"}') as Json
    case 7:
      return chance.happens(0.05) ? chance.pick(TEXTS).repeat(HUGE / 10) : chance.pick(TEXTS)
    default:
      return chance.pick(TEXTS)
  }
}

export function junkText(chance: Chance): string {
  return chance.happens(0.02) ? 'x'.repeat(HUGE) : chance.pick(TEXTS)
}

function textFor(schema: Schema, chance: Chance): string {
  if (schema.format === 'uuid') return '01a203a6-429d-7999-9119-2597afa66936'
  if (schema.format === 'email') return 'ana@example.com'
  if (schema.format === 'date-time') return '2026-11-22T14:26:02.000Z'
  return chance.pick(['a', 'nome', 'x'.repeat(20), 'securepassword', 'Ana Souza'])
}

/** A value of the schema; `spoil` is how often a part of it is junk instead. */
export function sample(
  root: ReadonlyMap<string, Schema>,
  schema: Schema,
  chance: Chance,
  spoil: number,
  depth = 0,
): Json {
  if (chance.happens(spoil)) return junk(chance)
  if (depth > MAX_DEPTH) return null
  const next = (part: Schema): Json => sample(root, part, chance, spoil, depth + 1)
  if (schema.$ref !== undefined) return next(root.get(schema.$ref.split('/').at(-1) ?? '') ?? {})
  if (schema.const !== undefined) return schema.const
  if (schema.enum !== undefined) return chance.pick(schema.enum)
  const either = schema.anyOf ?? schema.oneOf
  if (either !== undefined && either.length > 0) return next(chance.pick(either))
  if (schema.allOf !== undefined) return Object.assign({}, ...schema.allOf.map(next)) as Json
  const type = Array.isArray(schema.type) ? chance.pick(schema.type) : schema.type
  switch (type) {
    case 'string':
      return textFor(schema, chance)
    case 'integer':
    case 'number':
      return (schema.minimum ?? 0) + chance.below(5)
    case 'boolean':
      return chance.happens(0.5)
    case 'null':
      return null
    case 'array':
      return Array.from({ length: chance.below(4) }, () => next(schema.items ?? {}))
    default:
      return sampleObject(schema, next, chance, spoil)
  }
}

function sampleObject(schema: Schema, next: (part: Schema) => Json, chance: Chance, spoil: number): Json {
  const required = new Set(schema.required)
  const entries = Object.entries(schema.properties ?? {}).flatMap(([name, part]) =>
    chance.happens(required.has(name) ? 1 - spoil : 0.5) ? [[name, next(part)] as const] : [],
  )
  if (chance.happens(spoil)) entries.push([chance.pick(TEXTS), junk(chance)])
  return Object.fromEntries(entries)
}
