/** `marina scan-all` and `marina cves`, against a real server and a stand-in for a scanner. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { openCommandLine, type CommandLine } from '../server/testing/command-line.ts'
import { fresh, givenProject, pushImage } from '../server/testing/given.ts'
import { eventually, expectAnswer } from '../server/testing/http.ts'
import { openRest } from '../server/testing/rest.ts'
import { openScannerAdapter } from '../server/testing/scanner-adapter.ts'
import { openTestMarina } from '../server/testing/server.ts'

// Fewer images are queued at once than there are.
const marina = await openTestMarina({ MARINA_OUTBOUND_ALLOW: '127.0.0.1', MARINA_SCAN_ALL_QUEUED: '1' })
after(() => marina[Symbol.asyncDispose]())
const adapter = await openScannerAdapter(() => marina.url)
after(() => adapter[Symbol.asyncDispose]())
const rest = openRest(marina)
let cli: CommandLine
before(async () => {
  cli = await openCommandLine({
    MARINA_CLI_URL: marina.url,
    MARINA_CLI_USERNAME: marina.admin.name,
    MARINA_CLI_PASSWORD: marina.admin.password,
  })
})
after(() => cli[Symbol.asyncDispose]())

const run = async (...words: string[]) => {
  const done = await cli.run(words)
  assert.equal(done.code, 0, done.stderr)
  return done
}
const found = (id: string, severity: string, score: number) => ({
  id,
  severity,
  package: 'openssl',
  version: '3.0.1',
  fix_version: '3.0.2',
  preferred_cvss: { score_v3: score },
})
const set = async (project: { name: string }, metadata: Record<string, string>) =>
  expectAnswer(await rest('PUT', `/projects/${project.name}`, marina.admin, { metadata }), 200)
const pull = ({ repository, digest }: { repository: string; digest: string }) =>
  marina.ask('GET', `/v2/${repository}/manifests/${digest}`, { as: marina.admin })

const project = await givenProject(marina)
const [bad, good] = [`${project.name}/${fresh('bad')}`, `${project.name}/${fresh('good')}`]
adapter.plans.set(bad, { vulnerabilities: [found('CVE-2026-1', 'Critical', 9.8), found('CVE-2026-2', 'Low', 2.1)] })
const images = { bad: await pushImage(marina, bad, { tag: 'v1' }), good: await pushImage(marina, good, { tag: 'v1' }) }

test('all images are scanned, with the gate on: the scanner may pull what nobody else may', async () => {
  const none = await cli.run(['scan-all', 'start'])
  assert.notEqual(none.code, 0)
  assert.match(none.stderr, /no scanner is configured/)
  assert.notEqual((await cli.run(['scan-all', 'stop'])).code, 0)
  expectAnswer(await rest('POST', '/scanners', marina.admin, { name: 'probe', url: adapter.url }), 201)
  await set(project, { prevent_vul: 'true', severity: 'high' })
  for (const image of Object.values(images)) expectAnswer(await pull(image), 412, 'PROJECTPOLICYVIOLATION')
  assert.match((await run('scan-all', 'status')).stdout, /never run/)

  assert.match((await run('scan-all', 'start')).stdout, /2 of 2 images were scanned/)
  assert.deepEqual(adapter.problems, [])
  const status = JSON.parse((await run('scan-all', 'status', '-o', 'json')).stdout) as Record<string, unknown>
  assert.deepEqual(status, {
    total: 2,
    completed: 2,
    metrics: { Pending: 0, Running: 0, Success: 2, Error: 0, Stopped: 0 },
    ongoing: false,
    trigger: 'Manual',
  })
  expectAnswer(await pull(images.good), 200)
  expectAnswer(await pull(images.bad), 412, 'PROJECTPOLICYVIOLATION')
})

test('a schedule is shown, set and ended', async () => {
  assert.match((await run('scan-all', 'schedule')).stdout, /none/)
  await run('scan-all', 'schedule', 'daily')
  assert.match((await run('scan-all', 'schedule')).stdout, /daily/)
  await run('scan-all', 'schedule', '0 0 2 * * *')
  assert.match((await run('scan-all', 'schedule')).stdout, /0 0 2 \* \* \*/)
  await run('scan-all', 'schedule', 'none')
  assert.match((await run('scan-all', 'schedule')).stdout, /none/)
})

test('what was found is counted, listed and exported', async () => {
  const summary = (await run('cves', 'summary')).stdout
  assert.match(summary, /critical: +1\n/)
  assert.match(summary, /worst vulnerabilities: CVE-2026-1 in openssl 3\.0\.1 \(9\.8\)/)
  const list = (await run('cves', 'list', '--severity', 'Critical')).stdout
  assert.match(list, /CVE-2026-1 +Critical +9\.8 +openssl +3\.0\.1 +3\.0\.2 +/)
  assert.doesNotMatch(list, /CVE-2026-2/)
  assert.equal((await run('cves', 'list', '--cvss', '1~3', '-o', 'name')).stdout, 'CVE-2026-2\n')
  const csv = (await run('cves', 'export', project.name, '--ids', 'CVE-2026-1')).stdout
  assert.deepEqual(
    csv
      .trimEnd()
      .split(/\r?\n/)
      .map((line) => line.split(',')[2]),
    ['"CVE"', '"CVE-2026-1"'],
  )
  const none = await run('cves', 'export', project.name, '--tags', 'nope')
  assert.match(none.stderr, /No vulnerabilities found or matched/)
})

test('an image that is held is scanned by itself, and can be pulled after that', async () => {
  const held = await givenProject(marina)
  await set(held, { hold_until_scanned: 'true' })
  const image = await pushImage(marina, `${held.name}/app`, { tag: 'v1' })
  await eventually(async () => expectAnswer(await pull(image), 200))
})
