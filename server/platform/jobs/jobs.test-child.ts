/**
 * A process that runs jobs until a test kills it. MARINA_TEST_DATABASE: the database; MARINA_TEST_LEASE: the lease in
 * ms.
 */
import { openDb } from '../db/db.ts'
import { sql } from '../db/sql.ts'
import { openLog } from '../observe/log.ts'
import { handler, jobType } from './type.ts'
import { openWorkers } from './workers.ts'

const db = openDb({
  url: process.env['MARINA_TEST_DATABASE']!,
  poolSize: 4,
  acquireTimeoutMs: 5000,
  statementTimeoutMs: 10_000,
  lockTimeoutMs: 5000,
})
const hang = handler(jobType({ name: 'HANG' }), async ({ taskId, signal }) => {
  await db.run(sql`insert into installation (name, value) values (${`started/${taskId}`}, ${String(process.pid)})`)
  process.stdout.write(`started ${taskId}\n`)
  await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)))
})
await openWorkers({
  db,
  handlers: [hang],
  log: openLog({ level: 'silent', format: 'json' }),
  concurrency: 3,
  leaseMs: Number(process.env['MARINA_TEST_LEASE']),
  logBytes: 4096,
  drainMs: 100,
})
process.stdout.write('ready\n')
