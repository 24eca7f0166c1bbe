/**
 * A model's text as watchers see it while it comes. Each piece is an event of the run, kept like any other, so that who
 * comes back misses none; so there are few, and of a long answer only the beginning: the node's output has the whole.
 */
const GATHER_MS = 200
const GATHER_CHARS = 1024
/** Of one answer. */
const MAX_PIECES = 250
const MAX_CHARS = 64 * 1024

export interface ShownText {
  add(text: string): void
  /** Shows what is left. */
  end(): void
}

/** @param now Unix milliseconds */
export function showText(show: (text: string) => void, now: () => number): ShownText {
  let gathered = ''
  let shownAt = 0
  let pieces = 0
  let chars = 0

  function flush(): void {
    const text = gathered.slice(0, MAX_CHARS - chars)
    gathered = ''
    if (text === '' || pieces >= MAX_PIECES) return
    pieces += 1
    chars += text.length
    shownAt = now()
    show(text)
  }

  return {
    add(text) {
      if (pieces >= MAX_PIECES || chars >= MAX_CHARS) return
      gathered += text
      if (gathered.length >= GATHER_CHARS || now() - shownAt >= GATHER_MS) flush()
    },
    end: flush,
  }
}
