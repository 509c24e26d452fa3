/** Endpoints on the command line: a real docker-registry as the other one. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { openCommandLine, succeeding, type CommandLine } from '../server/testing/command-line.ts'
import { openDockerRegistry } from '../server/testing/docker-registry.ts'
import { fresh } from '../server/testing/given.ts'
import { openTestMarina } from '../server/testing/server.ts'

const marina = await openTestMarina({ MARINA_OUTBOUND_ALLOW: '127.0.0.1' })
after(() => marina[Symbol.asyncDispose]())
const other = await openDockerRegistry()
after(() => other[Symbol.asyncDispose]())
const { url, admin } = marina
let cli: CommandLine
before(async () => {
  const env = { MARINA_CLI_URL: url, MARINA_CLI_USERNAME: admin.name, MARINA_CLI_PASSWORD: admin.password }
  cli = await openCommandLine(env)
})
after(() => cli[Symbol.asyncDispose]())

const { good } = succeeding(() => cli)

test('an endpoint is tried, saved, changed and forgotten; its secret is never shown', async () => {
  const name = fresh('end')
  assert.ok((await good('endpoints', 'types', '-o', 'name')).split('\n').includes('docker-registry'))
  assert.match(await good('endpoints', 'ping', '--type', 'docker-registry', '--address', other.url), /answers$/)
  const silent = await cli.run(['endpoints', 'ping', '--type', 'docker-registry', '--address', 'http://127.0.0.1:1'])
  assert.equal(silent.code, 1)
  assert.match(silent.stderr, /127\.0\.0\.1:1.*\(400, BAD_REQUEST, request /)
  const make = ['endpoints', 'create', name, '--type', 'docker-registry', '--address', other.url]
  const secret = await cli.run([...make, '--access-key', 'me', '--access-secret-stdin'], { stdin: 'my-secret\n' })
  assert.match(secret.stdout, new RegExp(`^saved endpoint ${name} \\(id \\d+\\)`), secret.stderr)
  assert.doesNotMatch(await good('endpoints', 'show', name, '-o', 'json'), /my-secret/)
  assert.match(await good('endpoints', 'list'), new RegExp(`${name} +docker-registry +${other.url} +healthy`))
  await good('endpoints', 'update', name, '--description', 'the old one', '--rename', `${name}-2`)
  await good('endpoints', 'ping', `${name}-2`)
  const asked = await cli.atTerminal(
    ['endpoints', 'update', `${name}-2`, '--access-secret'],
    [['Secret', 'n3w-word\r']],
  )
  assert.equal(asked.code, 0, asked.output)
  assert.ok(!asked.output.includes('n3w'), asked.output)
  assert.equal((await cli.run(['endpoints', 'update', `${name}-2`])).code, 2)
  await good('endpoints', 'delete', `${name}-2`, '--yes')
  assert.equal((await cli.run(['endpoints', 'show', `${name}-2`])).code, 4)
})
