/** Bars of requests a second, by row. */
import type { Rate } from './report.ts'

const WIDTH = 760
const LEFT = 190
const BAR = 18
const GAP = 6
const COLOURS = { ours: '#2563eb', peer: '#9ca3af', floor: '#d1d5db' } as const

/** An SVG; each row's longest bar has the full width, since rows are of different kinds. */
export function toChart(rates: readonly Rate[]): string {
  const bars = rates.toSorted((a, b) => a.row.localeCompare(b.row) || b.who.localeCompare(a.who))
  const lines = bars.map(({ row, who, perSecond }, index) => {
    const longest = Math.max(...rates.filter((rate) => rate.row === row).map((rate) => rate.perSecond))
    const width = ((WIDTH - LEFT - 90) * perSecond) / longest
    const y = GAP + index * (BAR + GAP)
    return [
      `<text x="${LEFT - 8}" y="${y + 13}" text-anchor="end">${row}, ${who}</text>`,
      `<rect x="${LEFT}" y="${y}" width="${width.toFixed(1)}" height="${BAR}" fill="${COLOURS[who]}"/>`,
      `<text x="${(LEFT + width + 6).toFixed(1)}" y="${y + 13}">${perSecond.toFixed(0)}/s</text>`,
    ].join('')
  })
  const height = GAP + bars.length * (BAR + GAP)
  const open = `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" font-family="sans-serif" font-size="12">`
  return `${open}\n${lines.join('\n')}\n</svg>\n`
}
