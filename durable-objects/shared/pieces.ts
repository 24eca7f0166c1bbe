/** A row of an actor's SQLite takes 2 MB and a character up to three bytes (UTF-16 code units as UTF-8). */
const PIECE_CHARS = 500_000

/** Cuts a text into pieces that fit into a row each; an empty text is one piece. */
export function cutText(text: string): string[] {
  if (text.length <= PIECE_CHARS) return [text]
  const pieces: string[] = []
  for (let start = 0; start < text.length;) {
    const end = Math.min(start + PIECE_CHARS, text.length)
    // Half a surrogate pair would be stored as U+FFFD.
    const isSplit = end < text.length && /[\uD800-\uDBFF]/.test(text.charAt(end - 1))
    const cut = isSplit ? end - 1 : end
    pieces.push(text.slice(start, cut))
    start = cut
  }
  return pieces
}
