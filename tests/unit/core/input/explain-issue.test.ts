import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { say } from '#core/messages'
import { explainIssue } from '#core/input/explain-issue'

/** What a person reads about an input: `pointer: sentence`, in one language. */
function read(schema: z.ZodType, input: unknown, locale: 'pt' | 'en' = 'pt'): string[] {
  const issues = schema.safeParse(input).error?.issues ?? []
  return issues
    .flatMap((issue) => explainIssue(issue, input))
    .map(({ pointer, sentence, params }) => `${pointer}: ${say(sentence, locale, params)}`)
}

describe('common problems have sentences for people', () => {
  const Person = z.strictObject({
    name: z.string().min(2).max(3),
    age: z.int().min(18).lt(150).optional(),
    email: z.email().optional(),
    role: z.enum(['admin', 'user']).optional(),
    tags: z.array(z.string()).max(1).optional(),
  })

  test.each([
    [{}, '/name: Campo obrigatório.', '/name: This field is required.'],
    [{ name: 1 }, '/name: Deve ser um texto.', '/name: Must be a string.'],
    [{ name: 'x' }, '/name: Deve ter no mínimo 2 caractere(s).', '/name: Must have at least 2 character(s).'],
    [{ name: 'long' }, '/name: Deve ter no máximo 3 caractere(s).', '/name: Must have at most 3 character(s).'],
    [{ name: 'Ana', age: 1 }, '/age: Deve ser no mínimo 18.', '/age: Must be at least 18.'],
    [{ name: 'Ana', age: 150 }, '/age: Deve ser menor que 150.', '/age: Must be less than 150.'],
    [{ name: 'Ana', age: 18.5 }, '/age: Deve ser um número inteiro.', '/age: Must be an integer.'],
    [{ name: 'Ana', email: '@' }, '/email: Não é um endereço de e-mail.', '/email: Not an e-mail address.'],
    [
      { name: 'Ana', role: 'root' },
      '/role: Valor inválido. Use um destes: admin, user.',
      '/role: Invalid value. Use one of: admin, user.',
    ],
    [{ name: 'Ana', tags: ['a', 'b'] }, '/tags: Deve ter no máximo 1 item(ns).', '/tags: Must have at most 1 item(s).'],
    [{ name: 'Ana', 'a/b': 1 }, '/a~1b: Campo desconhecido.', '/a~1b: Unknown field.'],
  ])('%j', (input, pt, en) => {
    expect(read(Person, input)).toEqual([pt])
    expect(read(Person, input, 'en')).toEqual([en])
  })
})

test('text that was to be a number is one of them', () => {
  expect(read(z.coerce.number().int(), 'x')).toEqual([': Deve ser um número.'])
  expect(read(z.coerce.number().int(), 'x', 'en')).toEqual([': Must be a number.'])
})

test('rarer ones are in the words of zod, translated', () => {
  expect(read(z.number().multipleOf(5), 3)).toEqual([': Número inválido: deve ser múltiplo de 5'])
  expect(read(z.number().multipleOf(5), 3, 'en')).toEqual([': Invalid number: must be a multiple of 5'])
})

test('a refinement carries its own sentence, a schema its own message', () => {
  const sentence = { pt: 'Não antes de {min}.', en: 'Not before {min}.' }
  const Later = z.number().refine((n) => n > 5, { params: { sentence, values: { min: 5 } } })
  expect(read(Later, 1)).toEqual([': Não antes de 5.'])
  expect(read(Later, 1, 'en')).toEqual([': Not before 5.'])
  expect(read(z.string('só texto'), 1, 'en')).toEqual([': só texto'])
})

test('unknown keys come one by one, each where it stands', () => {
  const Graph = z.object({ nodes: z.array(z.strictObject({ id: z.string() })) })
  expect(read(Graph, { nodes: [{ id: 'a', x: 1, y: 2 }] })).toEqual([
    '/nodes/0/x: Campo desconhecido.',
    '/nodes/0/y: Campo desconhecido.',
  ])
})

test('of a union, the alternative that came nearest is explained', () => {
  const Shape = z.union([z.string(), z.strictObject({ size: z.strictObject({ width: z.number() }) })])
  expect(read(z.object({ shape: Shape }), { shape: { size: { width: 'x' } } })).toEqual([
    '/shape/size/width: Deve ser um número.',
  ])
  expect(read(Shape, 5, 'en')).toEqual([': Invalid input'])
})
