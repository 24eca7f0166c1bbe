/** The pages behind mailed links, in a browser, from the printed link to what it was for. */
import { existsSync } from 'node:fs'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { startServer, type TestServer } from '#tests/support/server'

const CHROMIUM = process.env['CHROMIUM'] ?? '/usr/bin/chromium'
const FLAGS = ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-sync']
const PASSWORD = 'securepassword'

describe.skipIf(!existsSync(CHROMIUM))('the pages behind mailed links', () => {
  let server: TestServer
  let browser: Browser
  let page: Page
  let complaints: string[]
  let addresses: string[]

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
    addresses = []
    page.on('pageerror', (error) => complaints.push(String(error)))
    page.on('console', (message) => /Content Security Policy/.test(message.text()) && complaints.push(message.text()))
    page.on('request', (request) => addresses.push(`${request.url()} ${request.headers()['referer'] ?? ''}`))
  })
  afterEach(async () => {
    expect(await page.evaluate('location.hash')).toBe('')
    await page.close()
    expect(complaints).toEqual([])
    // No token in any address that was asked for, nor in what says where from.
    expect(addresses.filter((address) => address.includes('ott_'))).toEqual([])
  })

  async function post(path: string, body: object, token?: string) {
    const response = await fetch(new URL(`/api/v1${path}`, server.url), {
      method: 'POST',
      headers: {
        'Content-Type': 'application/json',
        ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
      },
      body: JSON.stringify(body),
    })
    return { status: response.status, body: z.looseObject({}).parse(await response.json()) }
  }

  async function register(): Promise<string> {
    const email = `${crypto.randomUUID()}@example.com`
    expect((await post('/auth/register', { email, password: PASSWORD, name: 'Ana Silva' })).status).toBe(201)
    return email
  }

  async function logIn(email: string, password = PASSWORD) {
    const { status, body } = await post('/auth/login', { email, password })
    return { status, token: String(body['access_token']) }
  }

  /** The last link that the server printed for this address and page. */
  async function printedLink(email: string, path: string): Promise<string> {
    return vi.waitFor(() => {
      const lines = server.output().split('\n')
      const line = lines.findLast((text) => text.includes(`mail to ${email}:`) && text.includes(path))
      return z.url().parse(line?.split(' ').at(-1))
    }, 5_000)
  }

  async function invite(email: string): Promise<string> {
    const { token } = await logIn(await register())
    const team = await post('/workspaces', { name: 'Vendas <b>do</b> Sul' }, token)
    await post(`/workspaces/${String(team.body['id'])}/invitations`, { email, role: 'viewer' }, token)
    return printedLink(email, '/accept-invitation')
  }

  async function workspacesOf(email: string) {
    const { token } = await logIn(email)
    const response = await fetch(new URL('/api/v1/workspaces', server.url), {
      headers: { Authorization: `Bearer ${token}` },
    })
    return z.looseObject({ total: z.int() }).parse(await response.json()).total
  }

  test('a new password', async () => {
    const email = await register()
    await post('/auth/forgot-password', { email })
    const link = await printedLink(email, '/reset-password')
    await page.goto(link)
    expect(await page.title()).toBe('SynapScale: Nova senha')
    await page.getByLabel('Nova senha').fill('another password')
    await page.getByRole('button', { name: 'Salvar' }).click()
    expect(await page.getByRole('status').innerText()).toContain('Senha nova salva.')
    expect((await logIn(email, 'another password')).status).toBe(200)

    await page.goto('about:blank')
    await page.goto(link)
    await page.getByLabel('Nova senha').fill('yet another password')
    await page.getByRole('button', { name: 'Salvar' }).click()
    expect(await page.getByRole('alert').innerText()).toContain('Este link não vale mais')
  })

  test('a confirmed address, which takes a click', async () => {
    const email = await register()
    await page.goto(await printedLink(email, '/verify-email'))
    await page.getByRole('button', { name: 'Confirmar' }).click()
    expect(await page.getByRole('status').innerText()).toBe('E-mail confirmado.')
  })

  test('an invitation for somebody with an account, who is logged out again', async () => {
    const email = await register()
    await page.goto(await invite(email))
    await page.getByText('Ana Silva convida você para o workspace Vendas <b>do</b> Sul').waitFor()
    await page.getByRole('textbox', { name: 'Senha', exact: true }).fill('wrong password')
    await page.getByRole('button', { name: 'Entrar e aceitar' }).click()
    await page.getByText('Credenciais inválidas').waitFor()
    await page.getByRole('textbox', { name: 'Senha', exact: true }).fill(PASSWORD)
    await page.getByRole('button', { name: 'Entrar e aceitar' }).click()
    expect(await page.getByRole('status').innerText()).toContain('Convite aceito')
    expect(await workspacesOf(email)).toBe(2)
  })

  /** A workflow that waits for this person; the link that they are mailed. */
  async function ask(email: string): Promise<string> {
    const { token } = await logIn(await register())
    const nodes = [
      { id: 'start', type: 'trigger.manual' },
      {
        id: 'ok',
        type: 'approval',
        data: { config: { title: 'Pedido <i>7</i>', message: '200 €', approvers: [email] } },
      },
    ]
    const definition = { nodes, edges: [{ id: 'e', source: 'start', target: 'ok' }] }
    const { body } = await post('/workflows', { name: 'Compras', definition }, token)
    await post('/executions', { workflow_id: body['id'] }, token)
    return printedLink(email, '/approve')
  }

  test('an approval, which takes a click and is decided once', async () => {
    const email = `${crypto.randomUUID()}@example.com`
    const link = await ask(email)
    await page.goto(link)
    await page.getByRole('heading', { name: 'Pedido <i>7</i>' }).waitFor()
    await page.getByText('200 €').waitFor()
    await page.getByLabel('Comentário').fill('caro demais')
    await page.getByRole('button', { name: 'Recusar' }).click()
    await page.getByText(`Recusado por ${email}. (caro demais)`).waitFor()

    await page.goto('about:blank')
    await page.goto(link)
    await page.getByText(`Recusado por ${email}. (caro demais)`).waitFor()
    expect(await page.getByRole('button').count()).toBe(0)
  })

  test('an invitation for somebody without one, in English', async () => {
    const email = `${crypto.randomUUID()}@example.com`
    const link = await invite(email)
    await page.close()
    page = await browser.newPage({ locale: 'en-US' })
    await page.goto(link)
    await page.getByText('as a viewer').waitFor()
    await page.getByLabel('Your name').fill('Eva')
    await page.getByLabel('New password').fill(PASSWORD)
    await page.getByRole('button', { name: 'Create an account and accept' }).click()
    expect(await page.getByRole('status').innerText()).toContain('Invitation accepted')
    expect(await workspacesOf(email)).toBe(2)
  })

  test.each(['/reset-password', '/verify-email', '/accept-invitation', '/approve'])(
    '%s without a token says so',
    async (path) => {
      const answer = await page.goto(new URL(path, server.url).href)
      expect(await page.getByRole('alert').innerText()).toContain('Falta o código do link')
      expect(await page.locator('form').first().isVisible()).toBe(false)
      const headers = answer?.headers() ?? {}
      expect(headers['content-security-policy']).toMatch(/^default-src 'none'; script-src 'nonce-[\w-]+';/)
      expect(headers['referrer-policy']).toBe('no-referrer')
      expect(headers['cache-control']).toBe('no-store')
    },
  )
})
