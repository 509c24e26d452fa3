/** A day with the nouns of the command line, against a real server. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { openCommandLine, succeeding, type CommandLine } from '../server/testing/command-line.ts'
import { fresh, givenMember, givenProject, givenUser, pushImage } from '../server/testing/given.ts'
import { eventually } from '../server/testing/http.ts'
import { openReceiver } from '../server/testing/receiver.ts'
import { openTestMarina } from '../server/testing/server.ts'

const marina = await openTestMarina({ MARINA_OUTBOUND_ALLOW: '127.0.0.1' })
after(() => marina[Symbol.asyncDispose]())
let cli: CommandLine
before(async () => {
  cli = await openCommandLine({ MARINA_CLI_URL: marina.url })
})
after(() => cli[Symbol.asyncDispose]())

const loginOf = ({ name, password }: { name: string; password: string }) => ({
  MARINA_CLI_USERNAME: name,
  MARINA_CLI_PASSWORD: password,
})
const asAdmin = loginOf(marina.admin)

const { good, json } = succeeding(() => cli, asAdmin)
const bad = (words: string[], options: { stdin?: string } = {}) => cli.run(words, { env: asAdmin, ...options })

test('projects are created, listed, shown, changed and deleted', async () => {
  const [name, other] = [fresh('cli'), fresh('cli')]
  assert.equal(await good('projects', 'create', name, '--limit', '1MiB'), `created project ${name} (private)`)
  const made = await json<{ name: string; metadata: object }>(
    'project',
    'create',
    other,
    '--public',
    '--set',
    'auto_scan=true',
  )
  assert.deepEqual([made.name, made.metadata], [other, { public: 'true', auto_scan: 'true' }])
  assert.deepEqual(
    (await good('projects', 'list', '--name', 'cli', '-o', 'name')).split('\n'),
    [name, other].toSorted(),
  )
  assert.match(
    await good('projects', 'ls', '--private', '--name', name),
    new RegExp(`^NAME +PUBLIC .*\n${name} +no +0 +admin`),
  )
  assert.match(await good('projects', 'summary', name), /used: +0 B\nlimit: +1\.0 MiB/)
  await good('projects', 'update', name, '--public')
  assert.match(await good('projects', 'show', name), /public: +yes/)
  assert.equal((await bad(['projects', 'update', name])).code, 2)
  assert.equal(
    await good('projects', 'delete', name, other, '--yes'),
    `deleted project ${name}\ndeleted project ${other}`,
  )
  const gone = await bad(['projects', 'show', name])
  assert.equal(gone.code, 4)
  assert.match(
    gone.stderr,
    new RegExp(`^marina: projects show ${name}: .*\\(404, NOT_FOUND, request \\S+\\)\n +→ marina projects list`),
  )
})

test('a name that is taken is a conflict, and a right that is missing is named; both change nothing', async () => {
  const name = fresh('cli')
  await good('projects', 'create', name)
  const twice = await bad(['projects', 'create', name])
  assert.deepEqual([twice.code, twice.stdout], [5, ''])
  assert.match(twice.stderr, /\(409, CONFLICT, request /)
  const user = await givenUser(marina)
  const { code, stderr } = await cli.run(['users', 'list'], { env: loginOf(user) })
  assert.equal(code, 3)
  assert.match(stderr, /\(403, FORBIDDEN, request \S+\)\n +→ marina whoami shows who you are/)
})

test('members get, change and lose a role', async () => {
  const [project, user] = [await givenProject(marina), await givenUser(marina)]
  await good('members', 'add', project.name, user.name, '--role', 'developer')
  assert.match(await good('members', 'list', project.name), new RegExp(`\n${user.name} +user +developer`))
  await good('members', 'update', project.name, user.name, '--role', 'maintainer')
  assert.match(await good('members', 'list', project.name), new RegExp(`\n${user.name} +user +maintainer`))
  await good('members', 'remove', project.name, user.name, '-y')
  const gone = await bad(['members', 'remove', project.name, user.name, '-y'])
  assert.deepEqual(
    [gone.code, gone.stderr.split('\n')[0]],
    [4, `marina: project ${project.name} has no member ${user.name}`],
  )
  assert.equal((await bad(['members', 'add', project.name, user.name, '--role', 'king'])).code, 2)
})

test('a robot is created with a secret that works, gets a new one, and is deleted', async () => {
  const project = await givenProject(marina)
  type Made = { name: string; secret: string }
  const made = await json<Made>('robots', 'create', 'ci', '--project', project.name, '--allow', 'push')
  const pull = (secret: string) =>
    cli.run(['whoami', '-o', 'name'], { env: loginOf({ name: made.name, password: secret }) })
  assert.equal((await pull(made.secret)).stdout, `${made.name}\n`)
  assert.match(await good('robots', 'list', '--project', project.name), /active .*repository:pull repository:push/)
  const next = await json<Made>('robots', 'refresh', made.name, '--yes')
  assert.deepEqual([(await pull(made.secret)).code, (await pull(next.secret)).code], [3, 0])
  const third = await json<Made>('robots', 'refresh', made.name, '--keep-old', '2', '--yes')
  assert.deepEqual([(await pull(next.secret)).code, (await pull(third.secret)).code], [0, 0])
  assert.match(await good('robots', 'list', '--project', project.name), /active, two secrets/)
  await good('robots', 'end-old-secret', made.name.replace('robot$', 'robot-'))
  assert.deepEqual([(await pull(next.secret)).code, (await pull(third.secret)).code], [3, 0])
  assert.equal((await bad(['robots', 'refresh', made.name, '--keep-old', 'long', '--yes'])).code, 2)
  await good('robots', 'disable', made.name)
  assert.match(await good('robots', 'show', made.name), /state: +disabled/)
  await good('robots', 'enable', made.name)
  assert.equal((await pull(third.secret)).code, 0)
  await good('robots', 'delete', made.name, '--yes')
  assert.equal(await good('robots', 'list', '--project', project.name, '-o', 'name'), '')
})

test('accounts are created with a password from stdin, made administrators, and deleted', async () => {
  const name = fresh('cli')
  const create = ['users', 'create', name, '--email', `${name}@example.com`, '--password-stdin']
  assert.equal((await bad(create, { stdin: 'Testing12345' })).code, 0)
  const whoami = (password: string) => cli.run(['whoami', '-o', 'json'], { env: loginOf({ name, password }) })
  assert.match((await whoami('Testing12345')).stdout, /"administrator": false/)
  assert.equal((await bad(['users', 'password', name, '--password-stdin'], { stdin: 'Testing67890' })).code, 0)
  await good('users', 'administrator', name, 'on', '--yes')
  assert.match((await whoami('Testing67890')).stdout, /"administrator": true/)
  await good('users', 'delete', name, '--yes')
  assert.equal((await whoami('Testing67890')).code, 3)
})

test('a quota is set in units of people, and wrong sizes are refused', async () => {
  const project = await givenProject(marina)
  assert.match(await good('quotas', 'set', project.name, '1.5GiB'), /may store 1\.5 GiB; it stores 0 B/)
  assert.match(await good('quotas', 'show', project.name), /limit: +1\.5 GiB\nfull: +0 %/)
  assert.equal((await bad(['quotas', 'set', project.name, 'much'])).code, 2)
  await good('quotas', 'set', project.name, 'none')
  assert.match(await good('quotas', 'list', '--limit', '0'), new RegExp(`\n${project.name} +0 B +none`))
})

test('a webhook is created, tested, looked into, switched off and deleted', async () => {
  const project = await givenProject(marina)
  await using receiver = await openReceiver()
  await good('webhooks', 'create', project.name, 'build', '--address', receiver.url, '--event', 'PUSH_ARTIFACT')
  assert.match(await good('webhooks', 'list', project.name), /build +on +http:.*PUSH_ARTIFACT/)
  const id = await good('webhooks', 'test', project.name, 'build', '-o', 'name')
  const isDelivered = async () =>
    (await good('webhooks', 'deliveries', project.name, 'build')).includes(`${id}  Success`)
  await eventually(async () => assert.ok(await isDelivered()))
  assert.equal(receiver.received.length, 1)
  await good('webhooks', 'redeliver', project.name, 'build', id)
  await good('webhooks', 'disable', project.name, 'build')
  assert.match(await good('webhooks', 'show', project.name, 'build'), /state: +off/)
  assert.match(await good('webhooks', 'events', project.name), /PUSH_ARTIFACT +yes/)
  await good('webhooks', 'delete', project.name, 'build', '-y')
  assert.equal((await bad(['webhooks', 'list'])).code, 2)
  assert.equal(await good('webhooks', 'list', '--system', '-o', 'name'), '')
})

test('a collection runs with its counts, dry and real, and is in the history with its log', async () => {
  const dry = await bad(['gc', 'run', '--dry-run'])
  assert.match(dry.stdout, /^run \d+ would free \d+/)
  assert.match(dry.stderr, /^collection \d+ Success, .*$/m)
  const asked = await bad(['gc', 'run', '--delete-untagged'])
  assert.equal(asked.code, 2)
  assert.match(asked.stderr, /Artifacts without a tag will be deleted, and bytes freed: \d+/)
  const id = await good('gc', 'run', '--delete-untagged', '--yes', '-o', 'name')
  assert.match(await good('gc', 'history', '--limit', '1'), new RegExp(`\n *${id} +Success +manual +no`))
  assert.match(await good('gc', 'log', id), /\w/)
  assert.match(await good('gc', 'show', id), /status: +Success/)
  await good('gc', 'schedule', '0 0 3 * * *')
  assert.match(await good('gc', 'schedule'), /cron: +0 0 3 \* \* \*\nnext: /)
  await good('gc', 'schedule', 'none')
  assert.match(await good('gc', 'schedule'), /schedule: +none/)
  assert.equal((await bad(['gc', 'schedule', 'sometimes'])).code, 1)
})

test('jobs: queues are listed, paused and resumed', async () => {
  assert.match(await good('jobs', 'queues'), /\nGARBAGE_COLLECTION +0 +no/)
  await good('jobs', 'pause', 'GARBAGE_COLLECTION')
  assert.match(await good('jobs', 'queues'), /\nGARBAGE_COLLECTION +0 .*yes/)
  await good('jobs', 'resume', 'GARBAGE_COLLECTION')
  await good('jobs', 'drain', 'GARBAGE_COLLECTION', '--yes')
  assert.match(await good('jobs', 'workers'), /^WORKER +PROCESS/)
  assert.match(await good('jobs', 'schedules'), /EXECUTION_SWEEP/)
  await good('jobs', 'stop', 'all', '--dry-run')
})

test('the audit log is filtered by project, user, operation and time', async () => {
  const project = await givenProject(marina)
  const user = await givenMember(marina, project, 'developer')
  await pushImage(marina, `${project.name}/app`, { tag: '1', as: user })
  const list = () =>
    json<{ operation: string; username: string }[]>(
      'audit',
      'list',
      '--project',
      project.name,
      '--user',
      user.name,
      '--since',
      '1h',
    )
  // An entry appears a moment after the answer to its request.
  await eventually(async () => assert.notEqual((await list()).length, 0))
  assert.ok((await list()).every(({ username }) => username === user.name))
  assert.equal((await bad(['audit', 'list', '--since', 'lately'])).code, 2)
  assert.equal(await good('audit', 'list', '--user', fresh('nobody'), '-o', 'name'), '')
})

test('system: version, health, statistics, disk', async () => {
  assert.match(await good('system', 'info'), /^version: +v[\d.]+-marina\nlogin: +db_auth/)
  assert.match(await good('system', 'health'), /\ndatabase +healthy/)
  assert.match(await good('system', 'statistics'), /all projects: +\d+/)
  assert.match(await good('system', 'volumes'), /^TOTAL +FREE\n\d/)
})
