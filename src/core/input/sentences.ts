import type { Sentence } from '#core/messages'

/** What people read about a field; zod's own locales serve the rarer kinds of issue. */
export const INPUT_SENTENCES = {
  required: { pt: 'Campo obrigatório.', en: 'This field is required.' },
  unknown: { pt: 'Campo desconhecido.', en: 'Unknown field.' },
  one_of: { pt: 'Valor inválido. Use um destes: {values}.', en: 'Invalid value. Use one of: {values}.' },
  length_least: { pt: 'Deve ter no mínimo {limit} caractere(s).', en: 'Must have at least {limit} character(s).' },
  length_most: { pt: 'Deve ter no máximo {limit} caractere(s).', en: 'Must have at most {limit} character(s).' },
  items_least: { pt: 'Deve ter no mínimo {limit} item(ns).', en: 'Must have at least {limit} item(s).' },
  items_most: { pt: 'Deve ter no máximo {limit} item(ns).', en: 'Must have at most {limit} item(s).' },
  number_least: { pt: 'Deve ser no mínimo {limit}.', en: 'Must be at least {limit}.' },
  number_most: { pt: 'Deve ser no máximo {limit}.', en: 'Must be at most {limit}.' },
  number_least_exclusive: { pt: 'Deve ser maior que {limit}.', en: 'Must be greater than {limit}.' },
  number_most_exclusive: { pt: 'Deve ser menor que {limit}.', en: 'Must be less than {limit}.' },
  email: { pt: 'Não é um endereço de e-mail.', en: 'Not an e-mail address.' },
  uuid: { pt: 'Não é um UUID.', en: 'Not a UUID.' },
  url: { pt: 'Não é uma URL.', en: 'Not a URL.' },
  datetime: { pt: 'Não é uma data com hora em ISO 8601.', en: 'Not an ISO 8601 date and time.' },
  format: { pt: 'Formato inválido.', en: 'Invalid format.' },
} as const satisfies Record<string, Sentence>

/** By zod's name of the type. */
export const TYPE_NAMES: Readonly<Record<string, Sentence>> = {
  string: { pt: 'um texto', en: 'a string' },
  number: { pt: 'um número', en: 'a number' },
  int: { pt: 'um número inteiro', en: 'an integer' },
  boolean: { pt: 'verdadeiro ou falso', en: 'true or false' },
  array: { pt: 'uma lista', en: 'a list' },
  object: { pt: 'um objeto', en: 'an object' },
  record: { pt: 'um objeto', en: 'an object' },
  null: { pt: 'nulo', en: 'null' },
}
