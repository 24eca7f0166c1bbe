import type { Sentence } from './messages.ts'

/** What answers a failed request: its HTTP status and the sentence. */
export interface ErrorKind {
  readonly status: 400 | 401 | 403 | 404 | 405 | 406 | 409 | 413 | 415 | 416 | 422 | 426 | 429 | 500 | 502 | 503
  readonly sentence: Sentence
}

export const kind = (status: ErrorKind['status'], pt: string, en: string): ErrorKind => ({
  status,
  sentence: { pt, en },
})
