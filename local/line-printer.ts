/** Lines for a terminal, a pipe or a file. Each write to one of them stops this process until it is done. */

/** Prints lines in their order; those of one turn of the event loop are one write. */
export function createLinePrinter(output: { write(text: string): unknown }): (line: string) => void {
  let lines = ''
  function flush(): void {
    const text = lines
    lines = ''
    output.write(text)
  }
  return (line) => {
    if (lines === '') setImmediate(flush)
    lines += `${line}\n`
  }
}
