import type { Page } from './page.ts'

const DOCUMENT_URL = '/openapi.json'
const FONT = 'system-ui, sans-serif'

/** Our login knows no OAuth clients and no scopes; without their fields the dialog fits on a screen. */
const LOGIN_DIALOG_STYLE = `
.auth-container .scope-def,
.auth-container .wrapper:has(> [for=password_type]),
.auth-container .wrapper:has(> [for=client_id_password]),
.auth-container .wrapper:has(> [for=client_secret_password]) { display: none }
`

export const SWAGGER_PAGE: Page = {
  title: { pt: 'SynapScale: experimente a API', en: 'SynapScale: try the API' },
  head: `<link rel="stylesheet" href="/assets/swagger-ui.css">\n<style>${LOGIN_DIALOG_STYLE}</style>`,
  body: '<div id="viewer"></div>',
  script: '/assets/swagger-ui-bundle.js',
  start: `SwaggerUIBundle(${JSON.stringify({
    url: DOCUMENT_URL,
    dom_id: '#viewer',
    deepLinking: true,
    // So many operations are found by their subject.
    docExpansion: 'none',
    filter: true,
    displayRequestDuration: true,
    // Else it shows a badge from another host.
    validatorUrl: 'none',
  })})`,
}

export const REDOC_PAGE: Page = {
  title: { pt: 'SynapScale: referência da API', en: 'SynapScale: API reference' },
  head: '<style>body { margin: 0 }</style>',
  body: '<div id="viewer"></div>',
  script: '/assets/redoc.standalone.js',
  start: `Redoc.init('${DOCUMENT_URL}', ${JSON.stringify({
    nativeScrollbars: true,
    // Its default fonts are Google's.
    theme: { typography: { fontFamily: FONT, headings: { fontFamily: FONT } } },
  })}, document.getElementById('viewer'))`,
}
