import { describe, expect, test } from 'vitest'
import { SANDBOX_GLOBALS } from '#core/workflow/names'
import type { Json } from '#lib/json'
import { sandbox } from '#tests/support/sandbox'
import { body, expression, NOW, outcomeOf } from './asking.ts'

const input: Json = {
  name: 'Ana',
  list: [3, 1, 2],
  orders: [
    { total: 250, customer: { name: 'Bia' } },
    { total: 80, customer: null },
  ],
  own: JSON.parse('{"__proto__": {"a": 1}, "constructor": 2}') as Json,
}

const valueOf = async (text: string): Promise<unknown> => {
  const outcome = await outcomeOf(sandbox, expression(text), input)
  return outcome.error === undefined ? outcome.value : outcome
}

describe('expressions outside the subset', () => {
  test.each<[string, unknown]>([
    ['$input.name.toUpperCase()', 'ANA'],
    ['$input.list.map((x) => x * 2)', [6, 2, 4]],
    ['$input.orders.filter((order) => order.total > 100).length', 1],
    ['[...$input.list, 4]', [3, 1, 2, 4]],
    ['({ ...$input.orders[0], total: 1 }).total', 1],
    ['$input.name.replace(/a$/i, "o")', 'Ano'],
    ['Math.max(...$input.list)', 3],
    ['Object.keys($input)', ['name', 'list', 'orders', 'own']],
    ['`${$input.list.join("-")}!`', '3-1-2!'],
    ['JSON.stringify($input.list)', '[3,1,2]'],
    ['new Date().toISOString()', NOW],
    ['Date.now() === new Date().getTime() && new Date() instanceof Date', true],
    ['new Date("2031-02-03").getUTCFullYear()', 2031],
    ['Date().length > 10', true],
    ['new (new Date(0).constructor)().toISOString()', NOW],
    ['new (class extends Date { year() { return this.getUTCFullYear() } })().year()', 2030],
    ['new Date()', NOW],
    ['$input.list.sort()', [1, 2, 3]],
    ['(async () => 7)()', 7],
    ['[undefined, NaN, () => 1]', [null, null, null]],
    ['void 0', undefined],
    ['(() => undefined)()', undefined],
    ['parseFloat("1.5kg")', 1.5],
    ['((a, b = 2) => a ** b)(3)', 9],
    ['"é日\u{1F600}".split("").reverse().length', 4],
  ])('%s', async (text, expected) => expect(await valueOf(text)).toEqual(expected))

  test.each([
    '$input.gone.trim()',
    '$input.gone.deep.er.toUpperCase()',
    '$input.orders.map((order) => order.customer.name.length)[1]?.x',
    '$input["gone"]["deep"].trim()',
    '$input.orders[7].customer.name.trim()',
    '$input . gone /* . */ . x /* ?. */ [ "y" ] . trim()',
    '$input.gone.list.map((x) => x).length',
    '$trigger.body.items.map((x) => x)',
  ])('what is missing along a path is undefined: %s', async (text) => expect(await valueOf(text)).toBeUndefined())

  test.each<[string, unknown]>([
    [
      '((o) => { o.x = 1; o["y"] = 2; o.x++; [o.z, { a: o.w = 4 } = {}] = [3, {}]; return o })({})',
      { x: 2, y: 2, z: 3, w: 4 },
    ],
    ['new (class { static A = class { v = 1 } }).A().v', 1],
    ['String.raw`a${1}`', 'a1'],
    ['((o) => delete o.a.b)({ a: { b: 1 } })', true],
    ['new (class B extends (class A { f() { return 1 } }) { f() { return super.f() + 1 } })().f()', 2],
    ['1.5.toFixed(2) + 1..toFixed(1)', '1.501.0'],
    ['(() => { for (const x of [1]) { lab: for (;;) break lab } return [..."ab"].at(-1) })()', 'b'],
  ])('where there is no optional path the language stays as it is: %s', async (text, expected) => {
    expect(await valueOf(text)).toEqual(expected)
  })

  test.each<[string, RegExp]>([
    ['$input.name.toUpper()', /^TypeError: not a function/],
    ['(() => { throw new Error("no " + $input.name) })()', /^Error: no Ana/],
    ['(() => { throw "text" })()', /^thrown: text/],
    ['(() => { throw { get name() { throw 1 } } })()', /^thrown: something/],
    ['(() => { throw Symbol("s") })()', /^thrown: Symbol\(s\)/],
    ['10n', /^TypeError: .*[bB]ig/],
    ['(() => { const a = []; a[0] = a; return a })()', /^TypeError: circular/],
    ['Promise.reject(new Error("later"))', /^Error: later/],
    ['new Promise(() => {})', /never settles/],
    ['globalThis.process.env.HOME.trim.call(1, 2).x = 1', /^TypeError/],
    ['import("node:fs")', /Error/],
  ])('%s fails in few words', async (text, message) => {
    expect((await outcomeOf(sandbox, expression(text), input)).error).toMatch(message)
  })

  test('one expression changes nothing for the next', async () => {
    const programs = ['$input.list.sort()[0]', '$input.list.at(0)'].map(expression)
    const outcomes = await sandbox.evaluate({ programs, scope: { $input: input }, now: NOW })
    expect(outcomes).toEqual([{ value: 1 }, { value: 3 }])
  })

  test('nor one evaluation for another', async () => {
    await outcomeOf(sandbox, expression('(globalThis.leak = 1, Object.prototype.leak = 2, Array.prototype.map = 3)'))
    expect(await valueOf('[globalThis.leak, ({}).leak, typeof [].map].join()')).toBe(',,function')
  })

  test('keys like __proto__ are just keys, in and out', async () => {
    expect(JSON.stringify(await valueOf('Object.assign($input.own)'))).toBe('{"__proto__":{"a":1},"constructor":2}')
    const made = await valueOf('JSON.parse(\'{"__proto__":{"polluted":1}}\')')
    expect(Object.getPrototypeOf(made)).toBe(Object.prototype)
    expect('polluted' in {}).toBe(false)
  })

  test('the names that compile knows are those that the sandbox has', async () => {
    expect(new Set((await valueOf('Object.getOwnPropertyNames(globalThis)')) as string[])).toEqual(SANDBOX_GLOBALS)
  })
})

describe('per item', () => {
  const items = [{ n: 1 }, { n: 2 }, { n: 3 }]

  test('one call gives the list of values', async () => {
    const outcome = await outcomeOf(sandbox, expression('[$item.n, $index, $input.name.length].join()'), input, items)
    expect(outcome).toEqual({ value: ['1,0,3', '2,1,3', '3,2,3'] })
  })

  test('a failure names its item', async () => {
    const failing = expression('$item.n < 3 ? Math.abs($item.n) : $item.n.trim()')
    expect(await outcomeOf(sandbox, failing, input, items)).toMatchObject({
      index: 2,
      error: expect.stringMatching(/^TypeError/),
    })
  })
})

describe('bodies', () => {
  test.each<[string, unknown]>([
    ['return $input.list.length', 3],
    ['const x = await Promise.resolve(2)\nreturn x + 1', 3],
    ['if ($input.name === "Ana") return { ok: true }', { ok: true }],
    ['let sum = 0\nfor (const n of $input.list) sum += n\nreturn sum', 6],
    ['function* g() { yield 1; yield 2 }\nreturn [...g()]', [1, 2]],
    ['// nothing', undefined],
    ['return new Map([[1, 2]]).get(1)', 2],
  ])('%j', async (text, expected) => {
    const outcome = await outcomeOf(sandbox, body(text), input)
    expect(outcome).toEqual(expected === undefined ? {} : { value: expected })
  })

  test('an error names its line', async () => {
    const outcome = await outcomeOf(sandbox, body('const a = 1\n\nnull.x'), input)
    expect(outcome.error).toMatch(/^TypeError: .*\(line 3\)$/)
  })

  test.each(['return }', 'return (', '}); (async function () { return 1', 'import x from "y"', 'export default 1'])(
    '%j is malformed',
    (text) => expect(() => body(text)).toThrow(text),
  )
})
