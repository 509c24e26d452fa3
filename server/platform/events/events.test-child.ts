/** For events.test.ts: a process that takes facts and dies while it does. Arguments: url, number of facts before. */
import { openLog } from '../observe/log.ts'
import { openDb } from '../db/db.ts'
import { sql } from '../db/sql.ts'
import { openDispatcher } from './dispatcher.ts'

const [url = '', count = '0'] = process.argv.slice(2)
const db = openDb({ url, poolSize: 4, acquireTimeoutMs: 5000, statementTimeoutMs: 10_000, lockTimeoutMs: 5000 })
let taken = 0
await openDispatcher({
  db,
  log: openLog({ level: 'silent', format: 'json' }),
  topics: new Set(['thing.done']),
  batch: 7,
  reactions: [
    {
      name: 'keeper',
      topics: ['thing.done'],
      begins: 'first',
      async handle(tx, facts) {
        for (const { id, payload } of facts) {
          if (taken++ === Number(count)) process.kill(process.pid, 'SIGKILL')
          await tx.run(sql`insert into kept (fact_id, n) values (${id}, ${payload.n})`)
        }
      },
    },
  ],
})
setInterval(() => {}, 1000)
