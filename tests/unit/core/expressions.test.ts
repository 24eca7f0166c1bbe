import { describe, expect, test } from 'vitest'
import { parseTemplate } from '#core/workflow/template'
import type { Json } from '#lib/json'
import { render, scope, valueOf } from './expression-scope.ts'

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
    expect(valueOf(expression)).toEqual(expected)
  })

  test.each([
    '$input.a.b.c.d',
    '$input.list[99]',
    '$input.list[-1]',
    '$input.name.x',
    '$input.nothing.x',
    '$trigger[null]',
  ])('a path that leads nowhere is undefined: %s', (expression) => expect(valueOf(expression)).toBeUndefined())

  test.each(['0 / 0', '1 / 0', '-1 / 0', '1e400', '+"x"', 'undefined + 1'])('%s is null, as in JSON', (expression) => {
    expect(valueOf(expression)).toBeNull()
    expect(valueOf(`[${expression}]`)).toEqual([null])
  })

  test('there is one zero, as in JSON', () => {
    expect(valueOf('-0')).toBe(0)
    expect(valueOf('[0 * -1]')).toEqual([0])
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
    expect(render('{{ $input }}', evil)).toBe('{{ $nodes }}')
    expect(render('say {{ $input }}', evil)).toBe('say {{ $nodes }}')
  })

  test('keys are never templates', () => {
    expect(render({ '{{ 1 }}': 1 })).toEqual({ '{{ 1 }}': 1 })
  })

  test('a bare field is an expression; with braces it is a template; deeper fields are text', () => {
    const config = { condition: '$input.total > 1', other: '$input.total', deeper: { condition: '$input' } }
    expect(render(config, scope, { expressions: ['condition'] })).toEqual({ ...config, condition: true })
    expect(render({ condition: '{{ $input.zero }}' }, scope, { expressions: ['condition'] })).toEqual({ condition: 0 })
    expect(render({ condition: '  ' }, scope, { expressions: ['condition'] })).toEqual({ condition: '  ' })
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
