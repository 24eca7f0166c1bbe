import { describe, expect, test } from 'vitest'
import { parseExpression } from '#core/workflow/expression'
import type { Json } from '#lib/json'
import { failureOf, render, scope, valueOf } from './expression-scope.ts'

function placeOf(expression: string): string {
  const parsed = parseExpression(expression, 0)
  if (!parsed.ok || parsed.value.length < expression.length) return 'nowhere'
  return 'program' in parsed.value.body ? 'sandbox' : 'here'
}

describe('where it is evaluated', () => {
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
    'this',
    'globalThis',
    'Object',
    'arguments',
    'eval',
    'void 0',
    'delete $input.name',
    '~1',
    '1 << 30',
    '1 & 1',
    '"a" in $input',
    '$input instanceof $input',
    '(function f(n) { return n < 2 ? n : f(n - 1) })(3)',
    '$input.list.map(({ a, b: [c = 1, ...d] }) => a + c + d)',
  ])('%s: in the sandbox', (expression) => expect(placeOf(expression)).toBe('sandbox'))

  test.each([
    'import.meta',
    'super.x',
    'process.env',
    'constructor',
    '__proto__',
    'await 1',
    'yield',
    '#secret in $input',
    'let x = 1',
    'while (true) {}',
    '',
    '1 1',
    '$inptu.name',
    'require("fs")',
    'Object.keys(window)',
    '$input.list.map((item) => itme)',
    '010 + Math.PI',
    '(() => { with ($input) return 1 })()',
  ])('%s: nowhere, it is refused', (expression) => expect(placeOf(expression)).toBe('nowhere'))

  test.each(['$input.a', '1 + 2 * 3', '`${$item.a}`', '$index'])('%s: here', (expression) => {
    expect(placeOf(expression)).toBe('here')
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
  ])('%s does not exist', (expression) => expect(valueOf(expression)).toBeUndefined())

  test('own properties of such names are just properties', () => {
    expect(valueOf('$input.own.__proto__ + $input.own.constructor')).toBe('minealso mine')
    const made = valueOf('({ ["__proto__"]: { polluted: 1 } })')
    expect(Object.getPrototypeOf(made)).toBe(Object.prototype)
    expect(JSON.stringify(made)).toBe('{"__proto__":{"polluted":1}}')
    expect('polluted' in {}).toBe(false)
  })

  test('objects that pretend to convert themselves are not asked', () => {
    expect(failureOf('({ valueOf: 1, toString: 2 }) + 1')).toBe('an object is not a number')
    expect(valueOf('({ toString: "x", toJSON: "y" }) + ""')).toBe('{"toString":"x","toJSON":"y"}')
    expect(failureOf('-[1]')).toBe('an object is not a number')
    expect(failureOf('[1] < 2')).toBe('an object is not a number')
    expect(failureOf('$input ** 2')).toBe('an object is not a number')
    expect(valueOf('({ a: 1 }) == "[object Object]"')).toBe(false)
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
    expect(() => render(`{{ ${expression} }}`, big)).toThrow(tooLarge)
  })

  test('nor over several holes and fields', () => {
    expect(() => render('{{ $input }}{{ $input }}', big)).toThrow(tooLarge)
    expect(() =>
      render(
        Array.from({ length: 50 }, () => '{{ $input }}!'),
        big,
      ),
    ).toThrow(tooLarge)
  })

  test('a large value as it is costs nothing', () => {
    expect(
      render(
        Array.from({ length: 50 }, () => '{{ $input }}'),
        big,
      ),
    ).toHaveLength(50)
  })

  test('a value that holds another one many times over is measured before it is written', () => {
    const tenfold = (inner: Json): Json => Array.from({ length: 10 }, () => inner)
    let bomb: Json = 'x'
    for (let level = 0; level < 30; level += 1) bomb = tenfold(bomb)
    expect(() => render('{{ $input + "" }}', { ...scope, $input: bomb })).toThrow(tooLarge)
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
    expect(failureOf(expression)).not.toMatch(/^no failure|RangeError|call stack/)
  })

  test('what people write is well within the limits', () => {
    expect(valueOf(`1${' + 1'.repeat(200)}`)).toBe(201)
    expect(valueOf(`${'['.repeat(100)}1${']'.repeat(100)}`)).toBeInstanceOf(Array)
  })

  test('thousands of holes in one text', () => {
    expect(render('{{ 1 }}\n'.repeat(5000))).toBe('1\n'.repeat(5000))
  })
})
