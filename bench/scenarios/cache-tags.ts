import { openConnection } from '../connection.ts'
import { basic, databaseUrlOf, startMarina, startRedis, startSecondMarina, type Registry } from '../registries.ts'
import { takeTurns, type Row, type Scenario } from '../scenario.ts'
import { seed } from '../seed.ts'

const name = 'library/many'
const tags = 10_000
const clients = 16

export const cacheTags: Scenario = {
  name: 'cache-tags',
  says: 'pulls of 10,000 different tags by 16 clients: no cache, memory cold, memory warm, and Redis alone',
  async run(bench): Promise<Row[]> {
    const { scratch } = bench
    const redis = { MARINA_REDIS_URL: (await startRedis(scratch)).url }
    const first = await startMarina(scratch, redis)
    await seed(databaseUrlOf(scratch), { repository: name, artifacts: tags, referrers: 0 })
    const none = await startSecondMarina(scratch, { MARINA_CACHE_ENABLED: 'false' })
    const without = await startSecondMarina(scratch, {}, 'marina3')
    const redisOnly = await startSecondMarina(scratch, { ...redis, MARINA_CACHE_BYTES: '0' }, 'marina4')
    const head = `authorization: Bearer ${await first.token([name])}\r\n`
    const pull = (from: Registry) => () => pullAll(from.port, head)
    // One unmeasured round for each: the first fills Redis, and all have compiled their code afterwards.
    for (const one of [first, none, without, redisOnly]) await pullAll(one.port, head)
    const values = await takeTurns(bench, '10,000 tags, pulls/s', {
      none: pull(none),
      cold: async () => (await forget(without.port), pullAll(without.port, head)),
      warm: pull(without),
      redis: pull(redisOnly),
    })
    const row = (what: string, ours: number[]): Row => ({
      what: `10,000 different tags: ${what}`,
      unit: 'pulls/s',
      ours,
      against: { name: 'no cache', values: values.none },
    })
    return [row('memory, cold', values.cold), row('memory, warm', values.warm), row('Redis alone', values.redis)]
  },
}

/** Pulls every tag once; returns the pulls per second. */
async function pullAll(port: number, head: string): Promise<number> {
  const connections = await Promise.all(Array.from({ length: clients }, () => openConnection(port)))
  const started = performance.now()
  let next = 1
  await Promise.all(
    connections.map(async (connection) => {
      for (let tag = next++; tag <= tags; tag = next++) {
        const { status } = await connection.ask('GET', `/v2/${name}/manifests/v${tag}`, head)
        if (status !== 200) throw new Error(`v${tag}: status ${status}`)
      }
      connection.close()
    }),
  )
  return tags / ((performance.now() - started) / 1000)
}

async function forget(port: number): Promise<void> {
  for (const resource of ['tag', 'manifest']) {
    const answer = await fetch(`http://127.0.0.1:${port}/api/v2.0/system/cache/${resource}`, {
      method: 'DELETE',
      headers: { authorization: basic },
    })
    if (!answer.ok) throw new Error(`the cache was not flushed: ${answer.status}`)
  }
}
