import { type Locale, say, type Sentence } from '#core/messages'
import type { AppContext } from '#http/app-env'

/** A page behind a mailed link. Nothing in it comes from a request: `browser.js` fills it in. */
export interface AccountPage {
  readonly title: Sentence
  /** Above the forms. */
  readonly intro: (locale: Locale) => string
  /** One or more `<form data-action>`: what they do is in `browser.js`. */
  readonly forms: (locale: Locale) => string
  /** What is said at the end where the API's answer says nothing. */
  readonly done?: Sentence
}

const TOKENLESS: Sentence = {
  pt: 'Falta o código do link. Abra de novo o link que está no e-mail.',
  en: 'The code of the link is missing. Open the link in the e-mail again.',
}
const OFFLINE: Sentence = {
  pt: 'O servidor não respondeu. Tente de novo em instantes.',
  en: 'The server did not answer. Try again in a moment.',
}
const SCRIPTLESS: Sentence = {
  pt: 'Esta página precisa de JavaScript.',
  en: 'This page needs JavaScript.',
}

const STYLE = `
:root { color-scheme: light dark; font: 1.0625rem/1.5 system-ui, sans-serif }
body { max-width: 26rem; margin: 10vh auto; padding: 0 1rem }
h1 { font-size: 1.5rem; line-height: 1.2 }
h2 { font-size: 1.125rem; margin: 2rem 0 0 }
label { display: block; margin: 1rem 0 .25rem }
input, textarea, button { box-sizing: border-box; width: 100%; min-height: 2.75rem; padding: .5rem .75rem; font: inherit }
button { margin-top: 1.25rem; cursor: pointer }
[role=alert] { padding: .75rem; border-left: .25rem solid #c0392b }
[role=status] { padding: .75rem; border-left: .25rem solid #2e8b57 }
#approval-message { white-space: pre-wrap; overflow-wrap: anywhere }
[hidden] { display: none }
`

/** The page in the caller's language, allowed to run exactly its own script and to talk to this host alone. */
export function renderAccountPage(c: AppContext, page: AccountPage): Response {
  const nonce = crypto.randomUUID()
  const locale = c.get('locale')
  const title = say(page.title, locale)
  return c.html(
    `<!doctype html>
<html lang="${locale === 'pt' ? 'pt-BR' : 'en'}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>SynapScale: ${title}</title>
<link rel="icon" href="/assets/favicon-32x32.png">
<style nonce="${nonce}">${STYLE}</style>
</head>
<body data-tokenless="${say(TOKENLESS, locale)}" data-offline="${say(OFFLINE, locale)}">
<main>
<h1>${title}</h1>
<noscript><p>${say(SCRIPTLESS, locale)}</p></noscript>
<p id="problem" role="alert" tabindex="-1" hidden></p>
${page.intro(locale)}
<div id="forms" hidden>
${page.forms(locale)}
</div>
<p id="done" role="status" tabindex="-1" data-text="${page.done === undefined ? '' : say(page.done, locale)}" hidden></p>
</main>
<script type="module" nonce="${nonce}" src="/assets/account-pages.js"></script>
</body>
</html>
`,
    200,
    { 'Content-Security-Policy': contentSecurityPolicy(nonce), Vary: 'Accept-Language' },
  )
}

function contentSecurityPolicy(nonce: string): string {
  return [
    "default-src 'none'",
    `script-src 'nonce-${nonce}'`,
    `style-src 'nonce-${nonce}'`,
    "img-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    // The script sends what the forms hold; without it nothing may put a password into an address.
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ')
}
