import { describe, expect, test } from 'vitest'
import { parseTemplate, renderConfig, TemplateError } from '#core/workflow/template'
import type { Json } from '#lib/json'

const scope = {
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
  $execution: { id: 'e1' },
  $workflow: { id: 'w1', name: 'Orders', version: 3 },
  $now: '2030-01-01T00:00:00.000Z',
}

const render = (text: Json): unknown => renderConfig(text, [], scope)
const value = (expression: string): unknown => render(`{{ ${expression} }}`)
const failure = (expression: string): string => {
  try {
    return `no failure, but ${JSON.stringify(value(expression))}`
  } catch (error) {
    if (error instanceof TemplateError) return error.message
    throw error
  }
}

describe('the subset', () => {
  test.each<[string, unknown]>([
    ['1 + 2 * 3 - 4 / 2', 5],
    ['7 % 4', 3],
    ['2 ** 10', 1024],
    ['(1 + 2) * 3', 9],
    ['-$input.total', -250],
    ['+"12"', 12],
    ['!0', true],
    ['typeof $input.name', 'string'],
    ['typeof $input.gone', 'undefined'],
    ['1 === 1 && 1 !== 2', true],
    ['"1" == 1', true],
    ['"1" != 1', false],
    ['true == 1', true],
    ['null == undefined', true],
    ['$input == $input', true],
    ['[] == ""', false],
    ['2 < 10 && 10 <= 10 && 3 > 2 && 3 >= 3', true],
    ['"2" < "10"', false],
    ['"2" < 10', true],
    ['$input.zero || "other"', 'other'],
    ['$input.zero ?? "other"', 0],
    ['$input.gone ?? "other"', 'other'],
    ['$input.gone && $input.gone + 1', undefined],
    ['$input.total > 100 ? "large" : "small"', 'large'],
    ['"a" + 1 + null + true + undefined', 'a1true'],
    ['"list: " + $input.list', 'list: [10,20,30]'],
    ['null + 1', 1],
    ['[1, "a", null, undefined, [2]]', [1, 'a', null, null, [2]]],
    ['[1, , 2]', [1, null, 2]],
    ['({ a: 1, "b c": $input.name, [$input.name]: 2, gone: undefined, 3: 4 })', { a: 1, 'b c': 'Ana', Ana: 2, 3: 4 }],
    ['`Hi ${$input.name}, ${1 + 1}!`', 'Hi Ana, 2!'],
    ['$input.list[1]', 20],
    ['$input.list.length', 3],
    ['$input.name.length', 3],
    ['$input.name[0]', 'A'],
    ['$input["nested"]["a key"].deep', true],
    ['$input?.nested?.["a key"]', { deep: true }],
    ['$trigger.order_id', 7],
    ['$nodes.fetch.status + $nodes["two words"]', 202],
    ['$execution.id + $workflow.name + $workflow.version', 'e1Orders3'],
    ['$now', '2030-01-01T00:00:00.000Z'],
    ['1 /* why */ + 1', 2],
  ])('%s', (expression, expected) => {
    expect(value(expression)).toEqual(expected)
  })

  test.each([
    '$input.a.b.c.d',
    '$input.list[99]',
    '$input.list[-1]',
    '$input.name.x',
    '$input.nothing.x',
    '$trigger[null]',
  ])('a path that leads nowhere is undefined: %s', (expression) => expect(value(expression)).toBeUndefined())

  test.each(['0 / 0', '1 / 0', '-1 / 0', '1e400', '+"x"', 'undefined + 1'])('%s is null, as in JSON', (expression) => {
    expect(value(expression)).toBeNull()
    expect(value(`[${expression}]`)).toEqual([null])
  })

  test('there is one zero, as in JSON', () => {
    expect(value('-0')).toBe(0)
    expect(value('[0 * -1]')).toEqual([0])
  })

  test('what is missing in a config is null in a list and left out of an object, as in JSON', () => {
    expect(render({ a: '{{ $input.gone }}', b: ['{{ $input.gone }}'], c: { d: '{{ $input.gone }}' } })).toStrictEqual({
      b: [null],
      c: {},
    })
  })
})

describe('templates', () => {
  test.each<[Json, unknown]>([
    ['plain', 'plain'],
    ['', ''],
    ['{{ $input.total }}', 250],
    ['  {{ $input.list }}\n', [10, 20, 30]],
    ['{{ $input.total }} EUR', '250 EUR'],
    ['{{ $input.name }} {{ $input.total }}', 'Ana 250'],
    ['of {{ $input.list }} and {{ $input.gone }} and {{ null }}.', 'of [10,20,30] and  and .'],
    ['{{ { a: { b: 1 } } }}', { a: { b: 1 } }],
    ['{{ {a:{b:1}}}}', { a: { b: 1 } }],
    ['{{ "}}" }}', '}}'],
    ["x{{ '}}' + `}}${1}}}` }}x", 'x}}}}1}}x'],
    ['{{$input.name}}', 'Ana'],
    ['{ {1} } }}', '{ {1} } }}'],
    [
      { a: ['{{ 1 }}', { b: '{{ 2 }}' }], c: null, d: 3, e: false },
      { a: [1, { b: 2 }], c: null, d: 3, e: false },
    ],
    ['{{ "{{" }}', '{{'],
  ])('%j', (template, expected) => {
    expect(render(template)).toEqual(expected)
  })

  test('what an expression gives is not read as a template again', () => {
    const evil = { ...scope, $input: '{{ $nodes }}' }
    expect(renderConfig('{{ $input }}', [], evil)).toBe('{{ $nodes }}')
    expect(renderConfig('say {{ $input }}', [], evil)).toBe('say {{ $nodes }}')
  })

  test('keys are never templates', () => {
    expect(render({ '{{ 1 }}': 1 })).toEqual({ '{{ 1 }}': 1 })
  })

  test('a bare field is an expression; with braces it is a template; deeper fields are text', () => {
    const config = { condition: '$input.total > 1', other: '$input.total', deeper: { condition: '$input' } }
    expect(renderConfig(config, ['condition'], scope)).toEqual({ ...config, condition: true })
    expect(renderConfig({ condition: '{{ $input.zero }}' }, ['condition'], scope)).toEqual({ condition: 0 })
    expect(renderConfig({ condition: '  ' }, ['condition'], scope)).toEqual({ condition: '  ' })
  })

  test('parts come in the order of the text', () => {
    const parts = parseTemplate('a {{ 1 }} b {{ x y }} c')
    expect(parts.map((part) => (typeof part === 'string' ? part : [part.source, part.result.ok]))).toEqual([
      'a ',
      ['1', true],
      ' b ',
      ['x y', false],
      ' c',
    ])
  })
})

describe('what is refused', () => {
  test.each([
    '$input.name.toString()',
    '$input.list.map(1)',
    '$input?.x()',
    '$input = 1',
    '$input.total++',
    '--$input.total',
    '$input.total += 1',
    'new Date',
    'new Function("return this")()',
    '() => 1',
    'async () => 1',
    'function () {}',
    'class {}',
    '/a/.source',
    '1n',
    '1, 2',
    '[...$input.list]',
    '({ ...$input })',
    '({ get a() { return 1 } })',
    '({ a() {} })',
    '$input`x`',
    '`${$input.x()}`',
    '$input[$input.x()]',
    '({ [$input.x()]: 1 })',
    'import("x")',
    'import.meta',
    'this',
    'super.x',
    'globalThis',
    'process.env',
    'constructor',
    '__proto__',
    'Object',
    'arguments',
    'eval',
    'await 1',
    'yield',
    'void 0',
    'delete $input.name',
    '~1',
    '1 << 30',
    '1 & 1',
    '"a" in $input',
    '$input instanceof $input',
    '#secret in $input',
    'let x = 1',
    'while (true) {}',
    '',
    '1 1',
  ])('%s', (expression) => {
    expect(failure(expression)).not.toMatch(/^no failure|RangeError|TypeError/)
  })
})

describe('tricks', () => {
  test.each([
    '$input.constructor',
    '$input.constructor.constructor',
    '$input["constructor"]',
    '$input["__proto__"]',
    '$input.__proto__.polluted',
    '$input["con" + "structor"]',
    '$input[["constructor"]]',
    '$input[{}]',
    '$input.list.map',
    '$input.list.constructor',
    '$input.list["__proto__"]',
    '$input.name.constructor',
    '$input.name.at',
    '$input.total.toFixed',
    'true.valueOf',
    '$nodes.hasOwnProperty',
    '"x".__proto__',
    '[].constructor',
    '({}).constructor',
    '`x`.constructor',
    '\\u0024input.constructor',
  ])('%s does not exist', (expression) => expect(value(expression)).toBeUndefined())

  test('own properties of such names are just properties', () => {
    expect(value('$input.own.__proto__ + $input.own.constructor')).toBe('minealso mine')
    const made = value('({ ["__proto__"]: { polluted: 1 } })')
    expect(Object.getPrototypeOf(made)).toBe(Object.prototype)
    expect(JSON.stringify(made)).toBe('{"__proto__":{"polluted":1}}')
    expect('polluted' in {}).toBe(false)
  })

  test('objects that pretend to convert themselves are not asked', () => {
    expect(failure('({ valueOf: 1, toString: 2 }) + 1')).toBe('an object is not a number')
    expect(value('({ toString: "x", toJSON: "y" }) + ""')).toBe('{"toString":"x","toJSON":"y"}')
    expect(failure('-[1]')).toBe('an object is not a number')
    expect(failure('[1] < 2')).toBe('an object is not a number')
    expect(failure('$input ** 2')).toBe('an object is not a number')
    expect(value('({ a: 1 }) == "[object Object]"')).toBe(false)
  })
})

describe('size', () => {
  const big = { ...scope, $input: 'x'.repeat(600_000) }
  const tooLarge = 'the text grows too large'

  test.each([
    ['$input + $input', 'by +'],
    ['`${$input}${$input}`', 'in a template string'],
    ['"" + [$input, $input]', 'as JSON'],
    ['$input == $input ' + '&& $input == $input '.repeat(20), 'by comparing'],
    [`({}) + "" + ${Array.from({ length: 20 }, () => '([$input] + "").length').join(' + ')}`, 'a bit at a time'],
  ])('%s: a text does not grow without end %s', (expression) => {
    expect(() => renderConfig(`{{ ${expression} }}`, [], big)).toThrow(tooLarge)
  })

  test('nor over several holes and fields', () => {
    expect(() => renderConfig('{{ $input }}{{ $input }}', [], big)).toThrow(tooLarge)
    expect(() =>
      renderConfig(
        Array.from({ length: 50 }, () => '{{ $input }}!'),
        [],
        big,
      ),
    ).toThrow(tooLarge)
  })

  test('a large value as it is costs nothing', () => {
    expect(
      renderConfig(
        Array.from({ length: 50 }, () => '{{ $input }}'),
        [],
        big,
      ),
    ).toHaveLength(50)
  })

  test('a value that holds another one many times over is measured before it is written', () => {
    const tenfold = (inner: Json): Json => Array.from({ length: 10 }, () => inner)
    let bomb: Json = 'x'
    for (let level = 0; level < 30; level += 1) bomb = tenfold(bomb)
    expect(() => renderConfig('{{ $input + "" }}', [], { ...scope, $input: bomb })).toThrow(tooLarge)
  })

  test.each([
    `${'('.repeat(3000)}1${')'.repeat(3000)}`,
    `${'['.repeat(3900)}1${']'.repeat(3900)}`,
    `${'-'.repeat(1)}${' -'.repeat(3000)}1`,
    `1${'+1'.repeat(3900)}`,
    `1${'**1'.repeat(2000)}`,
    `$input${'?.a'.repeat(2000)}`,
    `$input${'[$input'.repeat(900)}${']'.repeat(900)}`,
    '`${'.repeat(2000),
    `${'1?'.repeat(2000)}1${':1'.repeat(2000)}`,
    `1${'??1'.repeat(2000)}`,
    `${'{a:'.repeat(2000)}1${'}'.repeat(2000)}`,
    `/${'('.repeat(3900)}${')'.repeat(3900)}/`,
    `"${'a'.repeat(8000)}"`,
  ])('nesting ends as a failure of the node (%#)', (expression) => {
    expect(failure(expression)).not.toMatch(/^no failure|RangeError|call stack/)
  })

  test('what people write is well within the limits', () => {
    expect(value(`1${' + 1'.repeat(200)}`)).toBe(201)
    expect(value(`${'['.repeat(100)}1${']'.repeat(100)}`)).toBeInstanceOf(Array)
  })

  test('thousands of holes in one text', () => {
    expect(render('{{ 1 }}\n'.repeat(5000))).toBe('1\n'.repeat(5000))
  })
})
