import { DeleteAccountInput } from '#core/auth/delete-account'
import { LoginAnswer, LoginInput, TokenPair } from '#core/auth/login'
import { RegisterInput } from '#core/auth/register'
import { LogoutInput, Message, RefreshInput } from '#core/auth/session'
import { UpdateMeInput } from '#core/auth/update-me'
import { User } from '#core/auth/user'
import { createRoutes, route } from '#http/route'
import { passwordRoutes } from './passwords.ts'
import { sessionRoutes } from './sessions.ts'
import { login } from '#services/auth/login'
import { logout } from '#services/auth/logout'
import { logoutAll } from '#services/auth/logout-all'
import { refresh } from '#services/auth/refresh'
import { register } from '#services/auth/register'
import { deleteAccount } from '#services/users/delete-account'
import { getMe } from '#services/users/get-me'
import { updateMe } from '#services/users/update-me'

const postRegister = route({
  method: 'post',
  path: '/auth/register',
  tag: 'auth',
  summary: { pt: 'Criar uma conta', en: 'Create an account' },
  public: true,
  body: RegisterInput,
  answers: { 201: User },
  errors: [
    'registration_closed',
    'registration_by_invitation',
    'invalid_token',
    'email_taken',
    'username_taken',
    'busy',
  ],
})

const postLogin = route({
  method: 'post',
  path: '/auth/login',
  tag: 'auth',
  summary: { pt: 'Entrar com e-mail e senha', en: 'Log in with e-mail address and password' },
  public: true,
  body: LoginInput,
  forms: true,
  answers: { 200: LoginAnswer },
  errors: ['invalid_credentials', 'too_many_attempts', 'busy'],
})

const postRefresh = route({
  method: 'post',
  path: '/auth/refresh',
  tag: 'auth',
  summary: { pt: 'Trocar o refresh token por um novo par', en: 'Exchange the refresh token for a new pair' },
  public: true,
  body: RefreshInput,
  answers: { 200: TokenPair },
  errors: ['invalid_credentials'],
})

const postLogout = route({
  method: 'post',
  path: '/auth/logout',
  tag: 'auth',
  summary: { pt: 'Encerrar esta sessão', en: 'End this session' },
  permission: 'account:write',
  body: LogoutInput,
  bodyOptional: true,
  answers: { 200: Message },
})

const postLogoutAll = route({
  method: 'post',
  path: '/auth/logout-all',
  tag: 'auth',
  summary: { pt: 'Encerrar todas as sessões', en: 'End all sessions' },
  permission: 'account:write',
  // A client may log out everywhere with the body of a plain logout; the token's session ends with the others.
  body: LogoutInput,
  bodyOptional: true,
  answers: { 200: Message },
})

/** The caller's own account; it has two addresses, and clients change it with PUT or PATCH alike. */
function meRoutes<const Path extends '/auth/me' | '/users/me'>(path: Path) {
  const change = {
    path,
    tag: 'auth',
    summary: { pt: 'Mudar a própria conta', en: 'Change your own account' },
    permission: 'account:write',
    body: UpdateMeInput,
    answers: { 200: User },
    errors: ['username_taken'],
  } as const
  return createRoutes()
    .openapi(
      route({
        method: 'get',
        path,
        tag: 'auth',
        summary: { pt: 'A própria conta', en: 'Your own account' },
        permission: 'account:read',
        answers: { 200: User },
      }),
      async (c) => c.json(await getMe(c.var.ctx), 200),
    )
    .openapi(route({ method: 'put', ...change }), async (c) =>
      c.json(await updateMe(c.var.ctx, c.req.valid('json')), 200),
    )
    .openapi(route({ method: 'patch', ...change }), async (c) =>
      c.json(await updateMe(c.var.ctx, c.req.valid('json')), 200),
    )
}

const removeAccount = route({
  method: 'delete',
  path: '/auth/account',
  tag: 'auth',
  summary: { pt: 'Apagar a própria conta', en: 'Delete your own account' },
  permission: 'account:write',
  description: {
    pt: 'Apaga também o workspace pessoal e os de equipe em que não há mais ninguém, com tudo o que há neles, e cancela as execuções que rodam lá. Os outros ficam; onde há mais gente e só você é proprietário, transfira a propriedade antes.',
    en: 'Also deletes the personal workspace and the team workspaces that nobody else is in, with all that is in them, and cancels the executions that run there. The others stay; where others are and you are the only owner, transfer the ownership first.',
  },
  body: DeleteAccountInput,
  answers: { 204: null },
  errors: ['wrong_password', 'last_admin', 'last_owner', 'too_many_attempts', 'busy'],
})

/** Accounts, sessions and the caller's own account. */
export const authRoutes = createRoutes()
  .openapi(postRegister, async (c) => c.json(await register(c.var.publicCtx, c.req.valid('json')), 201))
  .openapi(postLogin, async (c) => c.json(await login(c.var.publicCtx, c.req.valid('json')), 200))
  .openapi(postRefresh, async (c) => c.json(await refresh(c.var.publicCtx, c.req.valid('json')), 200))
  .openapi(postLogout, async (c) => c.json(await logout(c.var.ctx, c.req.valid('json')), 200))
  .openapi(postLogoutAll, async (c) => c.json(await logoutAll(c.var.ctx), 200))
  .openapi(removeAccount, async (c) => {
    await deleteAccount(c.var.ctx, c.req.valid('json'))
    return c.body(null, 204)
  })
  .route('/', passwordRoutes)
  .route('/', sessionRoutes)
  .route('/', meRoutes('/auth/me'))
  .route('/', meRoutes('/users/me'))
