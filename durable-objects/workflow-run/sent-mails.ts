import type { SentMails } from '#services/executions/mail-approvals'

/** `failures` of a mail that has left is null. */
export const SENT_MAILS_SCHEMA = 'CREATE TABLE sent_mails (key TEXT PRIMARY KEY, failures INTEGER)'

/** What was mailed on the run's behalf, so that a delivery that is repeated mails nobody twice. */
export function createSentMails(sql: SqlStorage): SentMails {
  const find = (key: string) =>
    sql.exec<{ failures: number | null }>('SELECT failures FROM sent_mails WHERE key = ?', key).toArray()[0]
  return {
    attempts(key) {
      const row = find(key)
      return row === undefined ? 0 : (row.failures ?? undefined)
    },
    failed: (key) =>
      void sql.exec(
        'INSERT INTO sent_mails VALUES (?, 1) ON CONFLICT (key) DO UPDATE SET failures = failures + 1',
        key,
      ),
    sent: (key) => void sql.exec('INSERT OR REPLACE INTO sent_mails VALUES (?, NULL)', key),
    count: () => sql.exec<{ n: number }>('SELECT count(*) AS n FROM sent_mails WHERE failures IS NULL').one().n,
  }
}
