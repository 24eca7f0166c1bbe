import { expect, it } from 'vitest'
import { readTitle, titleMaterial } from '#core/chat/title'

it.each([
  ['Férias em Lisboa', 'Férias em Lisboa'],
  ['"Férias em Lisboa."', 'Férias em Lisboa'],
  ['\n\n  # Férias em   Lisboa\n\nEspero que ajude!', 'Férias em Lisboa'],
  ['**Title:** Holidays in Lisbon', 'Holidays in Lisbon'],
  ['Título: “Férias em Lisboa”', 'Férias em Lisboa'],
  ['<think>What do they want?\nA title.</think>\nFérias', 'Férias'],
  ['a\u0000b\u202Ec', 'a b c'],
  ['C++ ou Rust?', 'C++ ou Rust?'],
  ['« Vacances à Lisbonne »', 'Vacances à Lisbonne'],
])('what a model says, %j, is the title %j', (said, title) => {
  expect(readTitle(said)).toBe(title)
})

it.each(['', '   \n\t', '""', '...', '\uD800', 'Claro! '.repeat(40)])('%j is no title', (said) => {
  expect(readTitle(said)).toBeUndefined()
})

it('a title that is a little long is cut between two words', () => {
  const title = readTitle('Uma conversa bastante comprida sobre as férias da família em Lisboa no verão') ?? ''
  expect(title).toMatch(/^Uma conversa .*\w…$/)
  expect(title.length).toBeLessThanOrEqual(61)
})

it('the model is told the beginning of what was said, never half a character', () => {
  const material = titleMaterial('a'.repeat(1_999) + '😀', 'b'.repeat(5_000))
  expect(material.length).toBeLessThan(4_100)
  expect(material.isWellFormed()).toBe(true)
})
