/** CSV (RFC 4180) that a spreadsheet can open without running anything. */

export type CsvCell = string | number | null

/** What spreadsheets take for the beginning of a formula. */
const FORMULA = /^[=+\-@\t\r\n＝＋－＠]/

/** One line each, with its end. Text that a spreadsheet would reckon gets an apostrophe in front. */
export function* toCsvLines(rows: Iterable<readonly CsvCell[]>): Generator<string> {
  for (const row of rows) yield `${row.map(toCell).join(',')}\r\n`
}

function toCell(cell: CsvCell): string {
  if (cell === null) return ''
  if (typeof cell === 'number') return String(cell)
  const safe = FORMULA.test(cell.trimStart()) || FORMULA.test(cell) ? `'${cell}` : cell
  return /[",\r\n;]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}
