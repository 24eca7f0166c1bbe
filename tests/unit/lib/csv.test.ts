import { expect, it } from 'vitest'
import { toCsvLines } from '#lib/csv'

const line = (...cells: (string | number | null)[]) => [...toCsvLines([cells])].join('')

it('quotes what has to be', () => {
  expect(line('a', 1.5, null, 'b,c', 'say "x"', 'two\nlines')).toBe('a,1.5,,"b,c","say ""x""","two\nlines"\r\n')
})

it.each(['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '  =1', '\r=1', '＝1', '=HYPERLINK("http://x","y")'])(
  'lets no spreadsheet reckon %j',
  (text) => {
    expect(line(text).replace(/^"/, '')[0]).toBe("'")
  },
)

it('leaves numbers numbers', () => {
  expect(line(-5, 0)).toBe('-5,0\r\n')
})
