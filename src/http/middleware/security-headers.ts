/** For answers that set nothing else: they are data, to be neither guessed at, framed, run, stored nor leaked. */
export const SECURITY_HEADERS: readonly (readonly [name: string, value: string])[] = [
  ['X-Content-Type-Options', 'nosniff'],
  ['Referrer-Policy', 'no-referrer'],
  ['X-Frame-Options', 'DENY'],
  ['Content-Security-Policy', "default-src 'none'; frame-ancestors 'none'"],
  // RFC 6749, 5.1 asks it of tokens; everything else behind a token is as private.
  ['Cache-Control', 'no-store'],
]
