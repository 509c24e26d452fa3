/** `marina scan`, against a real server and a stand-in for a scanner. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { openCommandLine, type CommandLine } from '../server/testing/command-line.ts'
import { fresh, givenProject } from '../server/testing/given.ts'
import { expectAnswer } from '../server/testing/http.ts'
import { pushLayers } from '../server/testing/layers.ts'
import { openRest } from '../server/testing/rest.ts'
import { openScannerAdapter } from '../server/testing/scanner-adapter.ts'
import { openTestMarina } from '../server/testing/server.ts'

const marina = await openTestMarina({ MARINA_OUTBOUND_ALLOW: '127.0.0.1' })
after(() => marina[Symbol.asyncDispose]())
const adapter = await openScannerAdapter(() => marina.url)
after(() => adapter[Symbol.asyncDispose]())
let cli: CommandLine
before(async () => {
  cli = await openCommandLine({
    MARINA_CLI_URL: marina.url,
    MARINA_CLI_USERNAME: marina.admin.name,
    MARINA_CLI_PASSWORD: marina.admin.password,
  })
})
after(() => cli[Symbol.asyncDispose]())

const found = (id: string, severity: string, fixed: string) => ({
  id,
  severity,
  package: 'openssl',
  version: '3.0.1',
  fix_version: fixed,
})

async function givenImage(plan: Parameters<typeof adapter.plans.set>[1]): Promise<string> {
  const name = `${(await givenProject(marina)).name}/${fresh('app')}`
  adapter.plans.set(name, plan)
  await pushLayers(marina, name, [[['etc/os-release', 'ID=debian\n']]], { tag: 'v1' })
  return `${name}:v1`
}

test('without a scanner there is an error; with one the findings are a table, the worst first', async () => {
  const vulnerabilities = [found('CVE-1', 'Low', ''), found('CVE-2', 'Critical', '3.0.2')]
  const name = await givenImage({ vulnerabilities })
  const none = await cli.run(['scan', name])
  assert.notEqual(none.code, 0)
  assert.match(none.stderr, /no available scanner/)
  const scanner = { name: 'probe', url: adapter.url }
  expectAnswer(await openRest(marina)('POST', '/scanners', marina.admin, scanner), 201)
  const done = await cli.run(['scan', name])
  assert.equal(done.code, 0, done.stderr)
  const [, first, second] = done.stdout.split('\n')
  assert.match(first!, /^CVE-2 +critical +openssl +3\.0\.1 +3\.0\.2$/)
  assert.match(second!, /^CVE-1 +low +openssl +3\.0\.1 +-$/)
  assert.match(done.stderr, /2 vulnerabilities, 1 critical, 1 low, 1 with a fix/)
  const names = await cli.run(['scan', name, '-o', 'name'])
  assert.deepEqual([names.code, names.stdout], [0, 'CVE-2\nCVE-1\n'])
})

test('a scan that fails is told of with the reason', async () => {
  const name = await givenImage({ report: [{ status: 500, body: '{"error":{"message":"no database"}}' }] })
  const failed = await cli.run(['scan', name])
  assert.notEqual(failed.code, 0)
  assert.match(failed.stderr, /was not scanned: .*status 500, no database/)
})
