/** Replication on the command line: to and from a real docker-registry. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fresh, givenProject, pushImage } from '../server/testing/given.ts'
import { openCliScene } from './scene.suite.ts'

const { marina, other, cli, good, json } = await openCliScene()
const tagsThere = async (repository: string) => {
  const answer = await fetch(`${other.url}/v2/${repository}/tags/list`)
  return answer.ok ? ((await answer.json()) as { tags: string[] | null }).tags : null
}

test('an endpoint that a policy uses is not forgotten, and the policy is named', async () => {
  const name = fresh('end')
  await good('endpoints', 'create', name, '--type', 'docker-registry', '--address', other.url)
  await good('replication', 'create', `${name}-policy`, '--to', name)
  const used = await cli.run(['endpoints', 'delete', name, '--yes'])
  assert.ok(used.code !== 0 && used.stdout === '')
  assert.match(used.stderr, new RegExp(`${name}-policy`))
  await good('replication', 'delete', `${name}-policy`, '--yes')
  await good('endpoints', 'delete', name, '--yes')
})

test('a push policy is previewed, run with its progress, looked into, and its drift told', async () => {
  const [project, end, name] = [await givenProject(marina), fresh('end'), fresh('push')]
  const image = await pushImage(marina, `${project.name}/app`, { tag: '1' })
  await pushImage(marina, `${project.name}/app`, { tag: 'skip' })
  await good('endpoints', 'create', end, '--type', 'docker-registry', '--address', other.url)
  await good('replication', 'create', name, '--to', end, '--filter-name', `${project.name}/**`, '--except-tag', 'skip')
  assert.match(
    await good('replication', 'list'),
    new RegExp(`${name} +yes +to ${end} +name ${project.name}/\\*\\*, tag not skip`),
  )
  type Preview = { copy: number; artifacts: { target: string; tag: string }[] }
  const seen = await json<Preview>('replication', 'preview', name)
  assert.deepEqual(
    [seen.copy, seen.artifacts.map(({ target, tag }) => `${target}:${tag}`)],
    [1, [`${project.name}/app:1`]],
  )
  assert.equal((await cli.run(['replication', 'drift', name, '--exit-code'])).code, 1)
  const dry = await cli.run(['replication', 'run', name, '--dry-run'])
  assert.deepEqual([dry.code, dry.stdout, await tagsThere(`${project.name}/app`)], [0, '', null])
  assert.match(dry.stderr, /1 to copy, 0 to move, 0 the same already, 0 to delete\nto send: \d/)

  const done = await cli.run(['replication', 'run', name])
  assert.equal(done.code, 0, done.stderr)
  assert.match(done.stdout, /^run \d+ has succeeded: 1 task/)
  assert.match(done.stderr, /^run \d+ Succeed, 1 of 1 task, \d+ B$/m)
  assert.deepEqual(await tagsThere(`${project.name}/app`), ['1'])
  assert.equal((await cli.run(['replication', 'drift', name, '--exit-code'])).code, 0)
  const id = await good('replication', 'runs', name, '--limit', '1', '-o', 'name')
  assert.match(await good('replication', 'runs', name), new RegExp(`\n *${id} +\\d+ +Succeed +1 +1 +0 +manual`))
  const task = await good('replication', 'tasks', id, '-o', 'name')
  assert.match(await good('replication', 'logs', id, task), new RegExp(image.digest))
  assert.match(await good('replication', 'logs', id), new RegExp(image.digest))
})

test('a run that deletes says what, and asks first', async () => {
  const [project, end, name] = [await givenProject(marina), fresh('end'), fresh('mirror')]
  const at = `${project.name}/app`
  for (const tag of ['1', '2', '3', '4', '5']) await pushImage(marina, at, { tag })
  await good('endpoints', 'create', end, '--type', 'docker-registry', '--address', other.url)
  await good('replication', 'create', name, '--to', end, '--filter-name', `${project.name}/**`, '--mirror')
  await good('replication', 'run', name)
  await good('tags', 'delete', `${at}:5`, '--yes')
  const unasked = await cli.run(['replication', 'run', name])
  assert.deepEqual([unasked.code, unasked.stdout], [2, ''])
  assert.match(unasked.stderr, new RegExp(`1 to delete\n[^]*to delete: ${at}:5`))
  assert.equal((await tagsThere(at))!.length, 5)
  const asked = await cli.atTerminal(['replication', 'run', name], [['[y/N]', 'y\r']])
  assert.equal(asked.code, 0, asked.output)
  assert.match(asked.output, /run \d+ █+ 100 % {2}Succeed, (\d+) of \1 tasks?, \d+ B/)
  assert.deepEqual((await tagsThere(at))!.toSorted(), ['1', '2', '3', '4'])
})

test('a pull policy copies here, is switched off and on, and changed without losing its other fields', async () => {
  const [from, to, end, name] = [await givenProject(marina), await givenProject(marina), fresh('end'), fresh('pull')]
  await pushImage(marina, `${from.name}/app`, { tag: '1' })
  await good('endpoints', 'create', end, '--type', 'docker-registry', '--address', other.url)
  await good('replication', 'create', `${name}-out`, '--to', end, '--filter-name', `${from.name}/**`)
  await good('replication', 'run', `${name}-out`)
  await good('replication', 'create', name, '--from', end, '--filter-name', `${from.name}/**`, '--namespace', to.name)
  await good('replication', 'run', name)
  assert.equal(await good('tags', 'list', `${to.name}/app`, '-o', 'name'), `${to.name}/app:1`)
  await good('replication', 'disable', name)
  assert.notEqual((await cli.run(['replication', 'run', name])).code, 0)
  await good('replication', 'update', name, '--cron', '0 0 3 * * *', '--speed', '100', '--single', '--by-chunk')
  const { single_active_replication: isSingle, copy_by_chunk: byChunk } = await json<Record<string, boolean>>(
    'replication',
    'show',
    name,
  )
  assert.deepEqual([isSingle, byChunk], [true, true])
  await good('replication', 'enable', name)
  const shown = await good('replication', 'show', name)
  assert.match(shown, new RegExp(`on: +yes\n.*from ${end} .*\nwhat: +name ${from.name}/\\*\\*\nwhen: +0 0 3 `))
  assert.match(shown, new RegExp(`namespace: +${to.name}\nspeed: +100 KB/s`))
})

test('what is wrong about a policy is said before anything is asked', async () => {
  const wrong = [
    ['create', 'x'],
    ['create', 'x', '--from', 'a', '--to', 'b'],
    ['create', 'x', '--from', 'a', '--trigger', 'never'],
    ['stop', 'x'],
    ['preview', 'x', '--look', 'all'],
  ]
  for (const words of wrong)
    assert.ok([2, 4].includes((await cli.run(['replication', ...words])).code!), words.join(' '))
  assert.equal((await cli.run(['replication', 'run', 'nothing'])).code, 4)
})
