import { Hono } from 'hono'
import { LINK_PATHS } from '#core/auth/mails'
import { renderAccountPage } from '#http/account-pages/page'
import { acceptInvitationPage, APPROVAL_PAGE, RESET_PASSWORD_PAGE, VERIFY_EMAIL_PAGE } from '#http/account-pages/pages'
import type { AppEnv } from '#http/app-env'

/** Where mailed links lead. The pages are no part of the document. */
export const accountPageRoutes = new Hono<AppEnv>()
  .get(LINK_PATHS.reset_password, (c) => renderAccountPage(c, RESET_PASSWORD_PAGE))
  .get(LINK_PATHS.verify_email, (c) => renderAccountPage(c, VERIFY_EMAIL_PAGE))
  .get(LINK_PATHS.approval, (c) => renderAccountPage(c, APPROVAL_PAGE))
  .get(LINK_PATHS.invitation, (c) =>
    renderAccountPage(c, acceptInvitationPage(c.get('publicCtx').config.REGISTRATION !== 'closed')),
  )
