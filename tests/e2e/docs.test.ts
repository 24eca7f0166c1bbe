import { existsSync } from 'node:fs'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { startServer, type TestServer } from '#tests/support/server'

const CHROMIUM = process.env['CHROMIUM'] ?? '/usr/bin/chromium'
// The sandbox refuses root; the rest keeps the browser from calling home.
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

describe.skipIf(!existsSync(CHROMIUM))('the documentation in a browser', () => {
  let server: TestServer
  let browser: Browser
  let page: Page
  let complaints: string[]

  beforeAll(async () => {
    server = await startServer()
    browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS })
  })
  afterAll(async () => {
    await browser.close()
    await server.stop()
    await server.remove()
  })

  beforeEach(async () => {
    page = await browser.newPage({ locale: 'pt-BR' })
    complaints = []
    page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()))
    page.on('pageerror', (error) => complaints.push(String(error)))
    page.on('request', (request) => isOurs(request.url()) || complaints.push(`request to ${request.url()}`))
  })
  afterEach(async () => {
    await page.close()
    expect(complaints).toEqual([])
  })

  /** A blob is made by the page itself. */
  function isOurs(url: string): boolean {
    return url.startsWith('data:') || new URL(url.replace(/^blob:/, '')).origin === new URL(server.url).origin
  }

  async function register(): Promise<{ email: string; password: string }> {
    const account = { email: `${crypto.randomUUID()}@example.com`, password: 'securepassword' }
    const response = await fetch(new URL('/api/v1/auth/register', server.url), {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ ...account, name: 'Ana' }),
    })
    expect(response.status).toBe(201)
    return account
  }

  /** Opens Swagger UI at an operation and logs in there. */
  async function authorize(operation: string): Promise<{ email: string }> {
    const { email, password } = await register()
    await page.goto(new URL(`/docs#/${operation}`, server.url).href)
    await page.locator('button.authorize').click()
    await page.fill('#oauth_username', email)
    await page.fill('#oauth_password', password)
    const dialog = page.locator('.dialog-ux')
    await dialog.locator('.auth-container').first().getByRole('button', { name: 'Apply' }).click()
    await dialog.getByRole('button', { name: 'Remove authorization' }).waitFor()
    await dialog.getByRole('button', { name: 'Close' }).first().click()
    return { email }
  }

  test('Swagger UI: Authorize logs in, Try it out then works', async () => {
    const { email } = await authorize('auth/getAuthMe')
    const operation = page.locator('#operations-auth-getAuthMe')
    await operation.getByRole('button', { name: 'Try it out' }).click()
    await operation.getByRole('button', { name: 'Execute' }).click()
    const answer = operation.locator('.live-responses-table .response').first()
    await answer.waitFor()
    expect(await answer.locator('.response-col_status').innerText()).toContain('200')
    expect(await answer.innerText()).toContain(email)
  })

  test('Swagger UI uploads a file', async () => {
    await authorize('files/postFilesUpload')
    const operation = page.locator('#operations-files-postFilesUpload')
    await operation.getByRole('button', { name: 'Try it out' }).click()
    const file = { name: 'nota.txt', mimeType: 'text/plain', buffer: Buffer.from('olá') }
    await operation.locator('input[type=file]').setInputFiles(file)
    await operation.getByRole('button', { name: 'Execute' }).click()
    const answer = operation.locator('.live-responses-table .response').first()
    await answer.waitFor()
    expect(await answer.innerText()).toContain('"filename": "nota.txt"')
    expect(await answer.locator('.response-col_status').innerText()).toContain('201')
  })

  test('ReDoc shows the document and searches it', async () => {
    await page.goto(new URL('/redoc', server.url).href)
    await page.getByRole('heading', { name: 'SynapScale API' }).waitFor()
    await page.getByRole('heading', { name: 'Criar uma conta' }).waitFor()
    await page.getByRole('textbox').first().fill('senha')
    const found = page.getByRole('search').getByText('Entrar com e-mail e senha')
    await found.waitFor()
    expect(await found.isVisible()).toBe(true)
  })
})
