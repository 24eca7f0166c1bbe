/** Graphs as odd as an editor, a script or a former version can have saved them. */
import type { Definition } from '#core/workflow/graph'
import type { Exported } from '#core/workflow-file/write-file'
import type { Json, JsonObject } from '#lib/json'
import type { Chance } from '#tests/unit/core/random'

const TEXTS = [
  '',
  ' ',
  'Olá, {{ $input.name }}!',
  'uma linha\noutra linha\n',
  'sem fim\nno fim',
  '\n\nquebras antes\n\n\ndepois\n\n',
  '  recuada\n  também',
  'fim com espaço \nlinha',
  '\ttab',
  'a\t\nb',
  'a\n\tb',
  'yes',
  'null',
  '~',
  '12',
  '1e3',
  '0x1f',
  '2026-11-22',
  '- item',
  '# nenhum comentário',
  'chave: valor',
  'a: |\n  b',
  '--- fim',
  '...',
  '---\na: 1',
  '&a *a !t %d @x `y`',
  '"aspas" e \'apóstrofos\'',
  '日本語 🚀 e\u0301',
  'nbsp\u00a0 bom\ufeff sep\u2028\u2029 nel\u0085 del\u007f bell\u0007 esc\u001b',
  'cr\rlf\r\nfim',
  '\u200b\u200e\u202e',
  '\\n \\u0041 \\',
  `longa ${'palavra '.repeat(60)}`,
  `${'x'.repeat(200)}\n${'y '.repeat(150)}\n`,
  '<<',
  '=',
  '__proto__',
]
const KEYS = [
  'a',
  'url',
  'b c',
  'ç',
  '1',
  '10',
  'true',
  'null',
  '',
  '-',
  '?',
  '__proto__',
  'x: y',
  '#',
  'constructor',
  '<<',
  'multi\nline',
  'k'.repeat(150),
]
const TYPES = ['set', 'http.request', 'if', 'note', 'no.such', 'workflow', '', 'tipo estranho']
const IDS = ['a', 'b', 'c d', 'x:y', '->', '"q"', 'ação', 'n.1', '5', '\\', ' lead', 'a->b', '#', '']

const chars = (chance: Chance): string =>
  String.fromCodePoint(
    ...Array.from({ length: 1 + chance.below(8) }, () => {
      const point = chance.happens(0.5) ? chance.below(0x300) : chance.below(0x10_ffff)
      return point === 0 || (point >= 0xd800 && point <= 0xdfff) ? 10 : point
    }),
  )

function randomText(chance: Chance): string {
  return chance.happens(0.3) ? chars(chance) : chance.pick(TEXTS)
}

function randomJson(chance: Chance, depth = 0): Json {
  const kind = chance.below(depth > 3 ? 5 : 8)
  if (kind === 0) return null
  if (kind === 1) return chance.happens(0.5)
  if (kind === 2) return chance.pick([0, 1, -1, 0.1, 1e21, 5e-324, 1.797e308, -2.5, 9_007_199_254_740_992, 100, 1e3])
  if (kind < 5) return randomText(chance)
  if (kind === 5) return Array.from({ length: chance.below(4) }, () => randomJson(chance, depth + 1))
  return randomObject(chance, depth + 1)
}

function randomObject(chance: Chance, depth = 0): JsonObject {
  const keys = Array.from({ length: chance.below(5) }, () => (chance.happens(0.2) ? chars(chance) : chance.pick(KEYS)))
  // zod drops this one from a record, in every body that we read.
  const kept = keys.filter((key) => depth > 0 || key !== '__proto__')
  return Object.fromEntries(kept.map((key) => [key, randomJson(chance, depth)]))
}

function sometimes(chance: Chance, object: () => JsonObject, probability = 0.3): JsonObject {
  return chance.happens(probability) ? object() : {}
}

function randomNode(chance: Chance, ids: readonly string[]): Json {
  if (chance.happens(0.03)) return chance.pick([null, 5, 'x', [], {}])
  const type = chance.pick(TYPES)
  const config = (): JsonObject => ({
    ...randomObject(chance),
    ...(type === 'workflow' ? { workflow_id: chance.pick([...ids, 'x', '{{ $input.id }}']) } : {}),
  })
  return {
    id: chance.pick([...IDS, 7]),
    type,
    ...sometimes(chance, () => ({ position: { x: chance.next() * 900 - 450, y: -0.2 } }), 0.8),
    ...sometimes(chance, () => ({ position: randomJson(chance) }), 0.05),
    ...sometimes(chance, () => ({ width: 10.5, style: randomObject(chance), selected: true, measured: { width: 7 } })),
    ...sometimes(chance, () => ({ configuration: config(), name: randomText(chance) }), 0.15),
    ...sometimes(chance, () => randomObject(chance), 0.2),
    ...sometimes(
      chance,
      () => ({
        data: {
          ...sometimes(chance, () => ({ label: randomJson(chance) })),
          ...sometimes(chance, () => ({ config: config() }), 0.8),
          ...sometimes(chance, () => ({
            retry: { factor: 2, max_attempts: 3 },
            timeout_ms: null,
            pinned: randomJson(chance),
          })),
          ...sometimes(chance, () => randomObject(chance)),
        },
      }),
      0.9,
    ),
  }
}

function randomEdge(chance: Chance): Json {
  const end = () => chance.pick(IDS)
  return {
    id: `${chance.next()}${randomText(chance)}`,
    source: end(),
    target: end(),
    ...sometimes(chance, () => ({ sourceHandle: chance.pick(['true', 'error', 'out', 'odd handle', null]) }), 0.5),
    ...sometimes(chance, () => ({ targetPort: chance.pick(['next', 'in', '']) })),
    ...sometimes(chance, () => ({ animated: true, style: randomObject(chance), selected: false })),
  }
}

/** @param ids workflows that it may name */
export function randomWorkflow(chance: Chance, slug: string, ids: readonly string[]): Exported {
  const list = <T>(count: number, make: () => T): T[] => Array.from({ length: chance.below(count) }, make)
  const definition: Definition = {
    ...sometimes(chance, () => randomObject(chance)),
    nodes: list(6, () => randomNode(chance, ids)),
    [chance.happens(0.8) ? 'edges' : 'connections']: list(8, () => randomEdge(chance)),
    ...sometimes(chance, () => ({ viewport: { x: 1, y: 2, zoom: chance.next() } }), 0.6),
    ...sometimes(chance, () => ({
      settings: { timeout_ms: 5, concurrency: null, error_workflow_id: chance.pick(ids), ...randomObject(chance) },
    })),
  }
  return {
    slug,
    name: chance.pick(['Pedidos', 'Ação: 🚀', '# x', '1', 'yes']),
    description: chance.pick([null, '', ...TEXTS]),
    category: chance.pick([null, 'vendas']),
    tags: chance.pick([[], ['a', 'b: c', 'não']]),
    definition,
  }
}
