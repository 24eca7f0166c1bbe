import { describe, expect, test } from 'vitest'
import { formatUuid, isUuid, newId, parseUuid, uuidv7 } from '#lib/ids'

const zeros = new Uint8Array(10)
const ones = new Uint8Array(10).fill(0xff)

describe('uuidv7', () => {
  // RFC 9562, A.6
  test('the example of the RFC', () => {
    const random = Uint8Array.of(0x0c, 0xc3, 0x18, 0xc4, 0xdc, 0x0c, 0x0c, 0x07, 0x39, 0x8f)
    expect(uuidv7(0x017f22e279b0, random)).toBe('017f22e2-79b0-7cc3-98c4-dc0c0c07398f')
  })

  test.each([
    [zeros, '00000000-0001-7000-8000-000000000000'],
    [ones, '00000000-0001-7fff-bfff-ffffffffffff'],
  ])('version and variant stand whatever chance gives', (random, id) => {
    expect(uuidv7(1, random)).toBe(id)
  })

  test('ids sort by their time, whatever chance gives', () => {
    const times = [0, 1, 2 ** 16 - 1, 2 ** 16, 2 ** 32, Date.UTC(2026, 0, 1), Date.UTC(2026, 0, 1) + 1, 2 ** 48 - 1]
    const ids = times.map((time, index) => uuidv7(time, index % 2 === 0 ? ones : zeros))
    expect(ids.toSorted()).toEqual(ids)
    expect(ids.every(isUuid)).toBe(true)
  })

  test('a fresh one is of now, and never the same', () => {
    const ids = new Set(Array.from({ length: 1000 }, newId))
    expect(ids.size).toBe(1000)
    const [id = ''] = ids
    const milliseconds = Number.parseInt(id.replace('-', '').slice(0, 12), 16)
    expect(Math.abs(Date.now() - milliseconds)).toBeLessThan(10_000)
  })
})

test('text and bytes lead to each other', () => {
  const id = '017f22e2-79b0-7cc3-98c4-dc0c0c07398f'
  expect(formatUuid(parseUuid(id))).toBe(id)
  expect(formatUuid(parseUuid(id.toUpperCase()))).toBe(id)
})

test.each([
  '',
  'x',
  '017f22e2-79b0-7cc3-98c4-dc0c0c07398',
  '017f22e2-79b0-7cc3-98c4-dc0c0c07398ff',
  '017f22e279b07cc398c4dc0c0c07398f',
  '017f22e2-79b0-0cc3-98c4-dc0c0c07398f',
  '017f22e2-79b0-7cc3-78c4-dc0c0c07398f',
  '017f22e2-79b0-7cc3-98c4-dc0c0c07398f\n',
  'g17f22e2-79b0-7cc3-98c4-dc0c0c07398f',
])('%j is no UUID', (text) => expect(isUuid(text)).toBe(false))
