/** A day with the nouns of the command line, against a real server. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { openCommandLine, type CommandLine } from '../server/testing/command-line.ts'
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

/** Runs a command as the administrator; it must succeed. */
async function good(...words: string[]): Promise<string> {
  const { code, stdout, stderr } = await cli.run(words, { env: asAdmin })
  assert.equal(code, 0, `${words.join(' ')}: ${stderr}`)
  return stdout.trimEnd()
}

const json = async <Row>(...words: string[]): Promise<Row> => JSON.parse(await good(...words, '-o', 'json')) as Row
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

test('images are listed, tagged, copied, deleted and restored', async () => {
  const [from, to] = [await givenProject(marina), await givenProject(marina)]
  const image = await pushImage(marina, `${from.name}/web/app`, { tag: '1.0' })
  await pushImage(marina, `${from.name}/web/app`, { tag: 'pr-1' })
  const at = `${from.name}/web/app`
  assert.match(await good('repos', 'list', from.name), new RegExp(`\n${at} +2 +0 `))
  assert.deepEqual((await good('artifacts', 'list', at, '-o', 'name')).split('\n').length, 2)
  assert.match(await good('artifacts', 'show', `${at}:1.0`), new RegExp(`digest: +${image.digest}\ntags: +1\\.0\n`))
  assert.equal(await good('tags', 'list', at, '--match', '1.', '-o', 'name'), `${at}:1.0`)
  await good('tags', 'create', `${at}@${image.digest}`, 'stable')
  await good('tags', 'copy', `${at}:1.0`, ':latest')
  assert.equal((await json<{ digest: string }>('tags', 'show', `${at}:latest`)).digest, image.digest)
  await good('artifacts', 'copy', `${at}:1.0`, `${to.name}/app`)
  assert.equal((await json<{ digest: string }>('artifacts', 'show', `${to.name}/app:1.0`)).digest, image.digest)
  assert.equal((await bad(['artifacts', 'copy', `${at}:1.0`, `${to.name}/app:2.0`])).code, 2)

  assert.equal(
    await good('tags', 'delete', `${at}:latest`, `${at}:stable`, '-y'),
    `deleted tag ${at}:latest\ndeleted tag ${at}:stable`,
  )
  await good('artifacts', 'rm', `${at}:1.0`, '--yes')
  const [entry] = await json<{ id: number; digest: string; kind: string }[]>('trash', 'list', from.name)
  assert.deepEqual([entry!.kind, entry!.digest], ['artifact', image.digest])
  assert.match(await good('trash', 'restore', from.name, String(entry!.id)), /^restored the artifact .* with 1\.0$/)
  await good('artifacts', 'show', `${at}:1.0`)
  await good('repos', 'update', at, '--description', 'the web shop')
  assert.match(await good('repos', 'show', at), /description: the web shop/)
  await good('repos', 'delete', at, '--yes')
  assert.equal(await good('repos', 'list', from.name, '-o', 'name'), '')
})

test('what is dangerous says what would go, and asks; a script has to say --yes', async () => {
  const project = await givenProject(marina)
  const at = `${project.name}/app`
  await pushImage(marina, at, { tag: '1' })
  const words = ['artifacts', 'delete', `${at}:1`]
  const unasked = await bad(words)
  assert.deepEqual([unasked.code, unasked.stdout], [2, ''])
  assert.match(
    unasked.stderr,
    /will be deleted; with 1 tag: 1\n[^]*there is no terminal\n +→ add --yes to go on, or --dry-run/,
  )
  const dry = await bad([...words, '--dry-run'])
  assert.deepEqual([dry.code, dry.stdout], [0, ''])
  assert.match(dry.stderr, /dry run: nothing was changed/)
  const no = await cli.atTerminal(words, [['[y/N]', 'n\r']], { env: asAdmin })
  assert.equal(no.code, 1, no.output)
  assert.match(no.output, /nothing was changed/)
  assert.match(await good('tags', 'list', at), /\n1 +sha256:/)
  const yes = await cli.atTerminal(words, [['[y/N]', 'y\r']], { env: asAdmin })
  assert.equal(yes.code, 0, yes.output)
  assert.equal(await good('artifacts', 'list', at, '-o', 'name'), '')
})

test('of several deletions none begins when one of the names is wrong', async () => {
  const project = await givenProject(marina)
  const at = `${project.name}/app`
  await pushImage(marina, at, { tag: '1' })
  assert.equal((await bad(['tags', 'delete', `${at}:1`, `${at}:2`, '--yes'])).code, 4)
  assert.match(await good('tags', 'list', at), /\n1 +sha256:/)
})

test('of several deletions the first that is refused ends the command, and says how far it came', async () => {
  const project = await givenProject(marina)
  const at = `${project.name}/app`
  for (const tag of ['1', 'v2', '3']) await pushImage(marina, at, { tag })
  await good('immutable', 'create', project.name, '--tags', 'v*')
  const { code, stdout, stderr } = await bad(['tags', 'delete', `${at}:1`, `${at}:v2`, `${at}:3`, '--yes'])
  assert.deepEqual([code, stdout], [5, `deleted tag ${at}:1\n`])
  assert.match(stderr, new RegExp(`\ntag ${at}:v2 stays; 1 of 3 were deleted\nmarina: `))
  assert.deepEqual((await good('tags', 'list', at, '-o', 'name')).split('\n').toSorted(), [`${at}:3`, `${at}:v2`])
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
  await good('robots', 'disable', made.name)
  assert.match(await good('robots', 'show', made.name), /state: +disabled/)
  await good('robots', 'enable', made.name)
  assert.equal((await pull(next.secret)).code, 0)
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

test('labels are created, put on an artifact, renamed and deleted', async () => {
  const project = await givenProject(marina)
  const at = `${project.name}/app:1`
  await pushImage(marina, `${project.name}/app`, { tag: '1' })
  await good('labels', 'create', 'tested', '--project', project.name, '--color', '#00AB65')
  await good('labels', 'put', at, 'tested')
  assert.match(await good('artifacts', 'show', at), /labels: +tested/)
  await good('labels', 'update', 'tested', '--project', project.name, '--rename', 'ok')
  await good('labels', 'take', at, 'ok')
  assert.doesNotMatch(await good('artifacts', 'show', at), /labels:/)
  await good('labels', 'delete', 'ok', '--project', project.name, '-y')
  assert.equal(await good('labels', 'list', '--project', project.name, '-o', 'name'), '')
})

test('a quota is set in units of people, and wrong sizes are refused', async () => {
  const project = await givenProject(marina)
  assert.match(await good('quotas', 'set', project.name, '1.5GiB'), /may store 1\.5 GiB; it stores 0 B/)
  assert.match(await good('quotas', 'show', project.name), /limit: +1\.5 GiB\nfull: +0 %/)
  assert.equal((await bad(['quotas', 'set', project.name, 'much'])).code, 2)
  await good('quotas', 'set', project.name, 'none')
  assert.match(await good('quotas', 'list', '--limit', '0'), new RegExp(`\n${project.name} +0 B +none`))
})

test('an immutable rule keeps a tag until it is switched off', async () => {
  const project = await givenProject(marina)
  await pushImage(marina, `${project.name}/app`, { tag: 'v1' })
  const id = await good('immutable', 'create', project.name, '--tags', 'v*', '-o', 'name')
  assert.match(await good('tags', 'list', `${project.name}/app`), /\nv1 +sha256:\w+ +\d+ B +yes/)
  assert.equal((await bad(['tags', 'delete', `${project.name}/app:v1`, '-y'])).code, 5)
  await good('immutable', 'disable', project.name, id)
  assert.match(await good('immutable', 'list', project.name), new RegExp(`\n *${id} +v\\* +\\*\\* +no`))
  await good('tags', 'delete', `${project.name}/app:v1`, '-y')
  await good('immutable', 'delete', project.name, id, '-y')
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
