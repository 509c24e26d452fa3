/** Images on the command line: lists, tags, copies, labels, and what is asked before something is deleted. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { openCommandLine, succeeding, type CommandLine } from '../server/testing/command-line.ts'
import { givenProject, pushImage } from '../server/testing/given.ts'
import { openTestMarina } from '../server/testing/server.ts'

const marina = await openTestMarina()
after(() => marina[Symbol.asyncDispose]())
let cli: CommandLine
before(async () => {
  cli = await openCommandLine({ MARINA_CLI_URL: marina.url })
})
after(() => cli[Symbol.asyncDispose]())

const { name, password } = marina.admin
const asAdmin = { MARINA_CLI_USERNAME: name, MARINA_CLI_PASSWORD: password }

const { good, json } = succeeding(() => cli, asAdmin)
const bad = (words: string[]) => cli.run(words, { env: asAdmin })

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
