/** Endpoints on the command line: a real docker-registry as the other one. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openFaultProxy } from '../server/testing/fault-proxy.ts'
import { fresh } from '../server/testing/given.ts'
import { openCliScene } from './scene.suite.ts'

const { marina, other, cli, good } = await openCliScene()

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

test('an endpoint and a policy are looked up by the server, by name or id, however many there are', async () => {
  const [name, odd, policy] = [fresh('end'), `${fresh('end')}, {a b}`, fresh('policy')]
  const make = (called: string) =>
    good('endpoints', 'create', called, '--type', 'docker-registry', '--address', other.url)
  const id = /\(id (\d+)\)/.exec(await make(name))![1]!
  await Promise.all([make(odd), make(`${name}-2`)])
  await good('replication', 'create', policy, '--to', name)
  await using proxy = await openFaultProxy(marina.url)
  const asked: string[] = []
  proxy.fault = ({ url = '' }) => void asked.push(decodeURIComponent(url.replace('/api/v2.0', '')))
  const through = async (...words: string[]) => {
    asked.length = 0
    const { code, stdout, stderr } = await cli.run([...words, '-o', 'name'], {
      env: { MARINA_CLI_URL: proxy.endpoint },
    })
    return code === 0 ? stdout.trimEnd() : stderr
  }
  assert.equal(await through('endpoints', 'show', name), name)
  assert.deepEqual(asked, [`/registries?q=name=${name}&page_size=100`])
  assert.equal(await through('endpoints', 'show', id), name)
  assert.deepEqual(asked.slice(1), [`/registries?q=id=${id}&page_size=100`])
  assert.equal(await through('endpoints', 'show', odd), odd)
  assert.equal(asked.length, 1)
  assert.equal(await through('replication', 'show', policy), policy)
  assert.deepEqual(asked, [`/replication/policies?q=name=${policy}&page_size=100`])
  assert.match(await through('endpoints', 'show', '999999999'), /there is no endpoint 999999999/)
})

test('an address that Marina never calls is refused as forbidden, with the setting', async () => {
  const make = (address: string) => ['endpoints', 'create', fresh('end'), '--type', 'harbor', '--address', address]
  const metadata = await cli.run(make('http://169.254.169.254'))
  assert.equal(metadata.code, 1)
  assert.match(
    metadata.stderr,
    /Marina may not call the registry: .*169\.254\.169\.254 .*never calls, whatever MARINA_OUTBOUND_ALLOW says/,
  )
  assert.match((await cli.run(make('http://[::1]:5000'))).stderr, /may not call .*add ::1 to MARINA_OUTBOUND_ALLOW/)
})
