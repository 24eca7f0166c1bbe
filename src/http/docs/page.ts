import { say, type Sentence } from '#core/messages'
import type { AppContext } from '#http/app-env'

/** A page around one of the viewers in wrangler.toml's [assets]. Nothing in it comes from a request. */
export interface Page {
  readonly title: Sentence
  /** Tags of the head besides the usual ones. */
  readonly head: string
  readonly body: string
  /** The viewer's script, then what starts it. */
  readonly script: string
  readonly start: string
}

/** The page in the caller's language, allowed to run exactly its own two scripts and to talk to this host alone. */
export function renderPage(c: AppContext, page: Page): Response {
  const nonce = crypto.randomUUID()
  const locale = c.get('locale')
  return c.html(
    `<!doctype html>
<html lang="${locale === 'pt' ? 'pt-BR' : 'en'}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${say(page.title, locale)}</title>
<link rel="icon" href="/assets/favicon-32x32.png">
${page.head}
</head>
<body>
${page.body}
<script nonce="${nonce}" src="${page.script}"></script>
<script nonce="${nonce}">${page.start}</script>
</body>
</html>
`,
    200,
    { 'Content-Security-Policy': contentSecurityPolicy(nonce) },
  )
}

function contentSecurityPolicy(nonce: string): string {
  return [
    "default-src 'none'",
    `script-src 'nonce-${nonce}'`,
    // Both viewers write style elements and attributes of their own.
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data:",
    "connect-src 'self'",
    // ReDoc's search runs in a worker made from a blob.
    'worker-src blob:',
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join('; ')
}
