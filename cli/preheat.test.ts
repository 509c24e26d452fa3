/** Preheating on the command line, with a stand-in for Dragonfly. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { openCommandLine, succeeding } from '../server/testing/command-line.ts'
import { fresh, givenProject, pushImage } from '../server/testing/given.ts'
import { openPreheatProvider } from '../server/testing/preheat-provider.ts'
import { openTestMarina } from '../server/testing/server.ts'

const opened = new AsyncDisposableStack()
after(() => opened.disposeAsync())
const marina = opened.use(
  await openTestMarina({ MARINA_OUTBOUND_ALLOW: '127.0.0.1', MARINA_PREHEAT_POLL: '50ms', MARINA_PREHEAT_TRIES: '1' }),
)
const service = opened.use(await openPreheatProvider(() => marina.url))
const { name: username, password } = marina.admin
const login = { MARINA_CLI_URL: marina.url, MARINA_CLI_USERNAME: username, MARINA_CLI_PASSWORD: password }
const cli = opened.use(await openCommandLine(login))
const { good } = succeeding(() => cli)

async function givenInstance(): Promise<string> {
  const name = fresh('heat')
  await good('preheat', 'add', name, '--provider', 'dragonfly', '--address', `${service.url}/${name}`)
  return name
}

test('an instance is saved with its secret from stdin, tried, changed and forgotten', async () => {
  const name = fresh('heat')
  const address = ['--provider', 'dragonfly', '--address', `${service.url}/${name}`]
  const made = await cli.run(['preheat', 'add', name, ...address, '--secret-stdin'], { stdin: 'secret-token\n' })
  assert.equal(made.code, 0, made.stderr)
  assert.match(await good('preheat', 'ping', name), new RegExp(`${name} answers`))
  assert.equal(service.requests.at(-1)!.headers.authorization, 'Bearer secret-token')
  assert.match(await good('preheat', 'instances'), new RegExp(`${name} +dragonfly +\\S+ +yes +no +oauth +Healthy`))
  await good('preheat', 'change', name, '--disable', '--description', 'later')
  assert.match(await good('preheat', 'instances'), new RegExp(`${name} +dragonfly +\\S+ +no`))
  await good('preheat', 'ping', name)
  assert.equal(service.requests.at(-1)!.headers.authorization, 'Bearer secret-token')
  assert.equal((await cli.run(['preheat', 'change', name])).code, 2)
  await good('preheat', 'remove', name, '--yes')
  assert.equal((await cli.run(['preheat', 'ping', name])).code, 4)
})

test('a policy is previewed, run with its progress, watched, looked into and deleted', async () => {
  const [{ name: project }, instance, name] = [await givenProject(marina), await givenInstance(), fresh('warm')]
  const image = await pushImage(marina, `${project}/app`, { tag: 'v1' })
  await pushImage(marina, `${project}/app`, { tag: 'test' })
  await good('preheat', 'create', project, name, '--instance', instance, '--filter-tag', 'v*', '--scope', 'all_peers')
  assert.match(await good('preheat', 'policies', project), new RegExp(`${name} +yes +${instance} +tag v\\* +manual`))
  assert.match(await good('preheat', 'preview', project, name), new RegExp(`preheat +${project}/app:v1`))
  const done = await cli.run(['preheat', 'run', project, name])
  assert.equal(done.code, 0, done.stderr)
  assert.match(done.stdout, /^run \d+ has succeeded: 1 image preheated/)
  assert.match(done.stderr, /^run \d+ Success, 1 of 1 image$/m)
  assert.equal(service.jobs.at(-1)!.scope, 'all_peers')
  const id = await good('preheat', 'runs', project, name, '-o', 'name')
  assert.match(await good('preheat', 'watch', project, name), new RegExp(`^run ${id} has succeeded`))
  const task = await good('preheat', 'tasks', project, name, id, '-o', 'name')
  assert.match(await good('preheat', 'logs', project, name, id, task), new RegExp(image.digest))
  await good('preheat', 'update', project, name, '--trigger', 'event', '--below', 'high', '--filter-tag', 'none')
  assert.match(await good('preheat', 'policies', project), /tag none, vulnerability below high +event based/)
  await good('preheat', 'disable', project, name)
  assert.notEqual((await cli.run(['preheat', 'run', project, name])).code, 0)
  await good('preheat', 'delete', project, name, '--yes')
})

test('a run that fails ends with exit code 1, the reason, and the way to its log; one is stopped', async () => {
  const [{ name: project }, instance, name] = [await givenProject(marina), await givenInstance(), fresh('warm')]
  await pushImage(marina, `${project}/app`, { tag: 'v1' })
  await good('preheat', 'create', project, name, '--instance', instance)
  service.plan(() => 'FAILURE')
  const failed = await cli.run(['preheat', 'run', project, name])
  assert.equal(failed.code, 1)
  assert.match(failed.stderr, /ended as Error: 1 of 1 image failed; preheating has failed: peer not there/)
  assert.match(failed.stderr, new RegExp(`marina preheat logs ${project} ${name} \\d+`))
  service.plan(() => 'STARTED')
  const id = (await good('preheat', 'run', project, name, '--no-wait', '-o', 'name')).trim()
  await good('preheat', 'stop', project, name, id)
  const stopped = await cli.run(['preheat', 'watch', project, name, id])
  assert.match(stopped.stderr, /ended as Stopped/)
})
