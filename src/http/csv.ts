import { type CsvCell, toCsvLines } from '#lib/csv'

const CSV_TYPE = 'text/csv'

/** Whether the client wants a table: `?format=csv`, or `Accept: text/csv`. */
export function wantsCsv(accept: string | undefined, format: string | undefined): boolean {
  return format === undefined ? (accept ?? '').toLowerCase().includes(CSV_TYPE) : format === 'csv'
}

/** Rows as a download, written as they are read. */
export function answerCsv(filename: string, rows: Iterable<readonly CsvCell[]>): Response {
  const lines = toCsvLines(rows)
  const encoder = new TextEncoder()
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      const line = lines.next()
      if (line.done === true) controller.close()
      else controller.enqueue(encoder.encode(line.value))
    },
  })
  return new Response(body, {
    headers: {
      'Content-Type': `${CSV_TYPE}; charset=utf-8`,
      'Content-Disposition': `attachment; filename="${filename}"`,
    },
  })
}
