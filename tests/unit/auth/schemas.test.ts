import { describe, expect, it } from 'vitest'
import { LoginInput } from '#core/auth/login'
import { joinName } from '#core/auth/names'
import { RegisterInput } from '#core/auth/register'
import { TicketInput } from '#core/auth/ticket'
import { UpdateMeInput } from '#core/auth/update-me'
import { toUser } from '#core/auth/user'

const account = { email: 'ana@example.com', password: 'securepassword' }

/** The paths of what is wrong, unknown keys included. */
function problems(schema: typeof RegisterInput | typeof LoginInput | typeof UpdateMeInput, input: unknown): string[] {
  const result = schema.safeParse(input)
  const issues = result.success ? [] : result.error.issues
  return issues.flatMap((issue) => (issue.code === 'unrecognized_keys' ? issue.keys : [issue.path.join('.')]))
}

describe('RegisterInput', () => {
  it.each([
    [{ name: 'Ana Maria Silva' }, 'Ana', 'Maria Silva'],
    [{ full_name: 'Ana Silva', username: 'ana' }, 'Ana', 'Silva'],
    [{ first_name: 'Ana Maria', last_name: 'Silva' }, 'Ana Maria', 'Silva'],
    [{ first_name: 'Ana' }, 'Ana', ''],
    [{ name: 'Ana' }, 'Ana', ''],
    [{ name: '  Ana \n  Silva ' }, 'Ana', 'Silva'],
    [{ name: 'Ana Silva', full_name: 'Ana Silva' }, 'Ana', 'Silva'],
    [{ name: 'Ana Maria Silva', first_name: 'Ana Maria', last_name: 'Silva' }, 'Ana Maria', 'Silva'],
  ])('takes the name from %j', (names, first_name, last_name) => {
    expect(RegisterInput.parse({ ...account, ...names })).toMatchObject({ ...account, first_name, last_name })
  })

  it.each([
    [{}, ['name']],
    [{ last_name: 'Silva' }, ['name']],
    [{ name: 'Ana', full_name: 'Bia' }, ['name']],
    [{ name: 'Ana Silva', first_name: 'Bia' }, ['name']],
    [{ full_name: 'Ana Silva', first_name: 'Ana' }, ['full_name']],
    [{ name: '   ' }, ['name']],
    [{ name: 'Ana\u0000' }, ['name']],
    [{ name: 'Ana\u001b[31m' }, ['name']],
    [{ name: 'Ana\ud800' }, ['name']],
    [{ name: 'a'.repeat(256) }, ['name']],
  ])('refuses the name in %j', (names, where) => {
    expect(problems(RegisterInput, { ...account, ...names })).toEqual(where)
  })

  it('keeps addresses trimmed and in lower case', () => {
    expect(RegisterInput.parse({ ...account, email: '  Ana.Silva@Example.COM ', name: 'Ana' }).email).toBe(
      'ana.silva@example.com',
    )
  })

  it.each([
    '',
    'ana',
    'ana@',
    '@example.com',
    'ana@example',
    'a b@example.com',
    'ana@example.com\n x',
    `${'a'.repeat(250)}@b.co`,
    null,
    7,
  ])('refuses the address %j', (email) => {
    expect(problems(RegisterInput, { ...account, email, name: 'Ana' })).toEqual(['email'])
  })

  it.each([8, 128])('takes a password of %i characters, counted in code points', (length) => {
    expect(problems(RegisterInput, { ...account, password: '🔑'.repeat(length), name: 'Ana' })).toEqual([])
  })

  it.each([0, 7, 129])('refuses a password of %i characters', (length) => {
    expect(problems(RegisterInput, { ...account, password: '🔑'.repeat(length), name: 'Ana' })).toEqual(['password'])
  })

  it.each(['role', 'id', 'password_hash', 'is_active', 'is_verified', 'workspace_id', '__proto__x'])(
    'refuses the unknown key %s',
    (key) => {
      expect(problems(RegisterInput, { ...account, name: 'Ana', [key]: 'admin' })).toEqual([key])
    },
  )

  it.each(['ab', 'a'.repeat(51), 'ana@example.com', 'joão', '.ana', 'ana silva', ''])(
    'refuses the username %j',
    (username) => {
      expect(problems(RegisterInput, { ...account, name: 'Ana', username })).toContain('username')
    },
  )

  it('takes an absent username as null', () => {
    expect(RegisterInput.parse({ ...account, name: 'Ana' }).username).toBeNull()
    expect(RegisterInput.parse({ ...account, name: 'Ana', username: null }).username).toBeNull()
  })
})

describe('LoginInput', () => {
  const form = { scope: '', client_id: '', client_secret: '', grant_type: 'password' }

  it('takes the e-mail as email or as username', () => {
    const parsed = { email: 'ana@example.com', password: 'x' }
    expect(LoginInput.parse({ email: ' Ana@example.com', password: 'x' })).toEqual(parsed)
    expect(LoginInput.parse({ username: 'ANA@example.com ', password: 'x', ...form })).toEqual(parsed)
  })

  it.each([
    [{}, ['password']],
    [{ password: 'x' }, ['email']],
    [{ email: 'a', username: 'a', password: 'x' }, ['email']],
    [{ email: 'a', password: 'x', grant_type: 'client_credentials' }, ['grant_type']],
    [{ email: 'a', password: 'x', role: 'admin' }, ['role']],
    [{ email: ['a'], password: 'x' }, ['email']],
    [{ email: 'a', password: 'x'.repeat(1025) }, ['password']],
  ])('refuses %j', (input, where) => {
    expect(problems(LoginInput, input)).toEqual(where)
  })
})

describe('UpdateMeInput', () => {
  it('keeps what is absent, and tells null from absent', () => {
    expect(UpdateMeInput.parse({})).toEqual({})
    expect(UpdateMeInput.parse({ last_name: 'Souza' })).toEqual({ last_name: 'Souza' })
    expect(UpdateMeInput.parse({ username: null, avatar_url: null })).toEqual({ username: null, avatar_url: null })
    expect(UpdateMeInput.parse({ name: 'Ana' })).toEqual({ first_name: 'Ana', last_name: '' })
  })

  it.each([
    [{ role: 'admin' }, ['role']],
    [{ email: 'other@example.com' }, ['email']],
    [{ avatar_url: 'javascript:alert(1)' }, ['avatar_url']],
    [{ avatar_url: 'data:text/html,x' }, ['avatar_url']],
    [{ first_name: '' }, ['first_name']],
    [{ first_name: null }, ['first_name']],
  ])('refuses %j', (input, where) => {
    expect(problems(UpdateMeInput, input)).toEqual(where)
  })
})

describe('TicketInput', () => {
  it('knows only what exists', () => {
    const id = '0198c0de-0000-7000-8000-000000000000'
    for (const resource of ['execution', 'workspace', 'chat']) {
      expect(TicketInput.safeParse({ resource, id }).success).toBe(true)
    }
    for (const resource of ['workflow', '']) {
      expect(TicketInput.safeParse({ resource, id }).success).toBe(false)
    }
    expect(TicketInput.safeParse({ resource: 'execution', id: 'x' }).success).toBe(false)
  })
})

describe('toUser', () => {
  it('derives the whole name and leaves out what it does not know', () => {
    const at = new Date('2026-01-02T03:04:05.678Z')
    const stored = {
      id: '0198c0de-0000-7000-8000-000000000000',
      email: 'ana@example.com',
      username: null,
      first_name: 'Ana',
      last_name: '',
      avatar_url: null,
      password_hash: 'secret',
      is_active: true,
      is_verified: false,
      role: 'user' as const,
      created_at: at,
      updated_at: at,
    }
    expect(toUser(stored)).toMatchObject({ name: 'Ana', full_name: 'Ana', created_at: '2026-01-02T03:04:05.678Z' })
    expect(JSON.stringify(toUser(stored))).not.toContain('secret')
    expect(joinName({ first_name: 'Ana', last_name: 'Silva' })).toBe('Ana Silva')
  })
})
