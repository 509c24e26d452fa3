import { loadavg } from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { describeMachine, isReached, remember, table } from './report.ts'
import type { Row, Scenario } from './scenario.ts'
import { artifactList } from './scenarios/artifact-list.ts'
import { overview } from './scenarios/overview.ts'
import { blobGet } from './scenarios/blob-get.ts'
import { blobPut } from './scenarios/blob-put.ts'
import { collection } from './scenarios/collection.ts'
import { manyConnections } from './scenarios/connections.ts'
import { crowd } from './scenarios/crowd.ts'
import { hub } from './scenarios/hub.ts'
import { growth } from './scenarios/growth.ts'
import { jobService } from './scenarios/jobs.ts'
import { match } from './scenarios/match.ts'
import { manifestGet } from './scenarios/manifest-get.ts'
import { cacheTable } from './scenarios/cache-table.ts'
import { cacheTags } from './scenarios/cache-tags.ts'
import { cacheTwo } from './scenarios/cache-two.ts'
import { memory } from './scenarios/memory.ts'
import { newTags } from './scenarios/new-tags.ts'
import { portal } from './scenarios/portal.ts'
import { processes } from './scenarios/processes.ts'
import { proxyCache } from './scenarios/proxy-cache.ts'
import { pullGate } from './scenarios/pull-gate.ts'
import { pushCost } from './scenarios/push-cost.ts'
import { replicationEvent } from './scenarios/replication-event.ts'
import { replication } from './scenarios/replication.ts'
import { retention } from './scenarios/retention.ts'
import { sbom } from './scenarios/sbom.ts'
import { scores } from './scenarios/scores.ts'
import { smallPush } from './scenarios/small-push.ts'
import { start } from './scenarios/start.ts'
import { tagList } from './scenarios/tag-list.ts'
import { webhooks } from './scenarios/webhooks.ts'
import { webhooksWaiting } from './scenarios/webhooks-waiting.ts'
import { footprint } from './scenarios/footprint.ts'
import { openScratch, output } from './scratch.ts'

const scenarios = [
  manifestGet,
  processes,
  pullGate,
  manyConnections,
  blobPut,
  blobGet,
  memory,
  smallPush,
  pushCost,
  newTags,
  crowd,
  tagList,
  artifactList,
  overview,
  cacheTable,
  cacheTags,
  cacheTwo,
  jobService,
  collection,
  retention,
  sbom,
  scores,
  hub,
  match,
  growth,
  webhooks,
  webhooksWaiting,
  replication,
  replicationEvent,
  portal,
  proxyCache,
  start,
  footprint,
] satisfies Scenario[]

const usage = `npm run bench -- [scenario...] [--rounds N] [--no-history]

Measures Marina against docker-registry on this machine, in turns, and prints ratios. Without a scenario: all of them.

${scenarios.map(({ name, says }) => `  ${name.padEnd(18)}${says}`).join('\n')}

  --rounds N      rounds of each side, 3 when absent; the median counts
  --no-history    do not append to bench/history.jsonl
`

process.exitCode = await main(process.argv.slice(2))

async function main(argv: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: argv,
    allowPositionals: true,
    options: { help: { type: 'boolean' }, rounds: { type: 'string', default: '3' }, 'no-history': { type: 'boolean' } },
  })
  const rounds = Number(values.rounds)
  const unknown = positionals.filter((word) => !scenarios.some(({ name }) => name === word))
  if (values.help || unknown.length > 0 || !Number.isInteger(rounds) || rounds < 1) {
    if (unknown.length > 0) console.error(`no scenario is called ${unknown.join(' or ')}\n`)
    console.log(usage)
    return values.help ? 0 : 2
  }
  // As npm start does before it starts Marina.
  await output(process.execPath, [path.resolve(import.meta.dirname, '../server/bundle/build.ts')])
  const machine = await describeMachine()
  console.log(
    `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGiB} GiB, kernel ${machine.kernel}, ` +
      `Node ${machine.node}, docker-registry ${machine.dockerRegistry}, wrk ${machine.wrk}`,
  )
  console.log(
    `load before: ${loadavg()
      .map((one) => one.toFixed(2))
      .join(' ')}`,
  )
  const rows: Row[] = []
  let failed = 0
  for (const scenario of scenarios) {
    if (positionals.length > 0 && !positionals.includes(scenario.name)) continue
    // When one scenario fails the others still run: each takes minutes to measure.
    rows.push(
      ...(await run(scenario, rounds).catch((error: Error) => {
        failed++
        console.error(`${scenario.name} failed: ${error.stack}`)
        return []
      })),
    )
  }
  console.log(`\n${table(rows)}`)
  if (!values['no-history']) await remember(machine, rows)
  return failed > 0 || rows.some((row) => isReached(row) === false) ? 1 : 0
}

async function run(scenario: Scenario, rounds: number): Promise<Row[]> {
  console.log(`== ${scenario.name}: ${scenario.says}`)
  await using scratch = await openScratch()
  return await scenario.run({
    scratch,
    rounds: Math.min(rounds, scenario.roundsAtMost ?? rounds),
    say: (line) => console.log(`   ${line}`),
  })
}
