/** Nobody took a mail. The message names neither its recipient nor its text, for it goes to the log. */
export class MailError extends Error {
  override readonly name = 'MailError'
}
