import type { OpenAPIHono } from '@hono/zod-openapi'
import { Hono } from 'hono'
import type { Locale } from '#core/messages'
import type { AppEnv } from '#http/app-env'
import { renderPage } from '#http/docs/page'
import { REDOC_PAGE, SWAGGER_PAGE } from '#http/docs/pages'
import { describeApi } from '#http/openapi'

/** The document of an app, and the two pages that show it. They are no part of the document themselves. */
export function createDocs(app: OpenAPIHono<AppEnv>) {
  const documents = new Map<Locale, string>()

  function documentIn(locale: Locale, publicUrl: string): string {
    const known = documents.get(locale)
    if (known !== undefined) return known
    const document = JSON.stringify(describeApi(app, publicUrl, locale))
    documents.set(locale, document)
    return document
  }

  return new Hono<AppEnv>()
    .get('/openapi.json', (c) =>
      c.body(documentIn(c.get('locale'), c.get('publicCtx').config.PUBLIC_URL), 200, {
        'Content-Type': 'application/json; charset=UTF-8',
        Vary: 'Accept-Language',
      }),
    )
    .get('/docs', (c) => renderPage(c, SWAGGER_PAGE))
    .get('/redoc', (c) => renderPage(c, REDOC_PAGE))
}
