/**
 * Sends the same requests to a Harbor and to a Marina, and prints what differs:
 *
 *     node e2e/harbor/compare.ts http://127.0.0.1:8081 Harbor12345 http://127.0.0.1:18080 try-it-out [area]
 *
 * What differs on purpose stands in `accepted.ts` with its reason and is only counted. The exit code is 1 when there is
 * another difference.
 */
import { acceptedBecause } from './accepted.ts'
import { differences } from './differences.ts'
import { pushImages } from './images.ts'
import { take, type Side, type Step } from './side.ts'
import { artifacts, deletions } from './steps/artifacts.ts'
import { policies } from './steps/policies.ts'
import { projects } from './steps/projects.ts'
import { registry } from './steps/registry.ts'
import { system } from './steps/system.ts'

const [harborUrl, harborPassword, marinaUrl, marinaPassword] = process.argv.slice(2)
if (!harborUrl || !harborPassword || !marinaUrl || !marinaPassword)
  throw new Error('usage: node e2e/harbor/compare.ts <Harbor> <its password> <Marina> <its password>')
const n = Date.now().toString(36)
const harbor = sideOf('Harbor', harborUrl, harborPassword, marinaUrl)
const marina = sideOf('Marina', marinaUrl, marinaPassword, harborUrl)
const counts = { steps: 0, same: 0, accepted: 0, differ: 0 }
await walk(projects)
await Promise.all([pushImages(harbor), pushImages(marina)])
await walk(registry)
await walk(artifacts)
await walk(policies)
await walk(system)
await walk(deletions)
say(JSON.stringify(counts))
process.exitCode = counts.differ === 0 ? 0 : 1

function sideOf(name: string, url: string, password: string, other: string): Side {
  const passwords = { admin: password, [`alice-${n}`]: 'Alice12345', [`bob-${n}`]: 'Bobby12345', stranger: 'wrong' }
  return { name, url: url.replace(/\/$/, ''), passwords, known: { n, other } }
}

async function walk(steps: Step[]): Promise<void> {
  for (const step of steps) {
    const [theirs, ours] = await Promise.all([take(harbor, step), take(marina, step)])
    const found = differences(theirs, ours)
    const [accepted, others] = [
      found.filter((one) => acceptedBecause(step, one)),
      found.filter((one) => !acceptedBecause(step, one)),
    ]
    counts.steps++
    counts.accepted += accepted.length
    if (others.length === 0) counts.same++
    else {
      counts.differ++
      say(`\n${step.what}: ${step.ask}`)
      for (const { at, theirs: a, ours: b } of others) say(`  ${at}: Harbor ${show(a)}, Marina ${show(b)}`)
    }
  }
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}

function show(value: unknown): string {
  return JSON.stringify(value)?.slice(0, 160) ?? 'nothing'
}
