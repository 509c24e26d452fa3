/** Retention on the command line: rules, previews, runs, and taking them back, against a real server. */
import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { fresh, givenProject, pushImage } from '../server/testing/given.ts'
import { openCliScene } from './scene.suite.ts'

const { marina, cli, good, json } = await openCliScene()

/** A project with one repository of so many tags, and a file of rules that keep `v*`. */
async function givenTags(tags: string[], more: object = {}) {
  const { name } = await givenProject(marina)
  for (const tag of tags) await pushImage(marina, `${name}/app`, { tag })
  const rules = join(cli.configDir, `${fresh('rules')}.json`)
  const ordered = [
    { action: 'keep', name: 'releases', tags: [{ pattern: 'v*' }] },
    { action: 'delete', name: 'the rest' },
  ]
  await writeFile(rules, JSON.stringify({ algorithm: 'ordered', ordered_rules: ordered, ...more }))
  return { name, rules }
}
const tagsIn = async (name: string) =>
  (await good('tags', 'list', `${name}/app`, '-o', 'name')).split('\n').filter(Boolean).toSorted()

test('rules are tried before they are saved, saved, shown, changed and deleted', async () => {
  const { name, rules } = await givenTags(['v1', 'v2', 'old'])
  const none = await cli.run(['retention', 'show', name])
  assert.equal(none.code, 4)
  assert.match(none.stderr, new RegExp(`project ${name} has no retention policy of its own\n +→ marina retention set`))
  const tried = await cli.run(['retention', 'preview', name, '--rules', rules])
  assert.equal(tried.code, 0, tried.stderr)
  assert.match(tried.stdout, /^delete +app:old +.* rule 2: /m)
  assert.match(tried.stdout, /^keep +app:v1 +.* rule 1: /m)
  assert.match(tried.stderr, /1 of 3 tags would go \(34 %\), 1 of 3 artifacts with them; \d/)
  assert.equal(await good('retention', 'preview', name, '--rules', rules, '--show', 'dropped', '-o', 'name'), 'app:old')

  assert.match(await good('retention', 'set', name, '--rules', rules, '--cron', '0 0 3 * * *'), /^created policy \d+ /)
  const shown = await cli.run(['retention', 'show', name])
  assert.match(
    shown.stdout,
    /^RULE +DOES +PICKS +CALLED +ON\n +1 +keep +tags v\* +releases +yes\n +2 +delete +everything +/,
  )
  assert.match(shown.stderr, /decides about each tag; .*\nit runs by schedule: 0 0 3 \* \* \* \(UTC\)/)
  const saved = await json<{ ordered_rules: unknown[] }>('retention', 'show', name)
  await writeFile(rules, JSON.stringify({ ...saved, ordered_rules: saved.ordered_rules.slice(0, 1) }))
  const changes = await json<{ changed_tags: number }>(
    'retention',
    'preview',
    name,
    '--rules',
    rules,
    '--show',
    'changed',
  )
  assert.equal(changes.changed_tags, 1)
  assert.match(await good('retention', 'set', name, '--rules', rules), /^changed policy \d+ /)
  assert.equal((await json<{ ordered_rules: unknown[] }>('retention', 'show', name)).ordered_rules.length, 1)
  assert.match((await cli.run(['retention', 'show', name])).stderr, /it runs by schedule: 0 0 3/)
  await good('retention', 'delete', name, '--yes')
  assert.equal((await cli.run(['retention', 'show', name])).code, 4)
})

test('a run says what would go, asks, deletes, and is taken back as a whole', async () => {
  const { name, rules } = await givenTags(['v1', 'v2', 'v3', 'old'])
  await good('retention', 'set', name, '--rules', rules)
  const before = await tagsIn(name)
  const dry = await cli.run(['retention', 'run', name, '--dry-run'])
  assert.deepEqual([dry.code, dry.stdout], [0, ''])
  assert.match(dry.stderr, /1 of 4 tags would go \(25 %\)[^]*to delete: app:old\n[^]*dry run: nothing was changed/)
  assert.equal((await cli.run(['retention', 'run', name])).code, 2)
  const little = await cli.run(['retention', 'run', name, '--max-share', '24', '--yes'])
  assert.equal(little.code, 1)
  assert.match(little.stderr, /25 % of the tags would be deleted, more than 24 %: nothing was.*\n +→ .*--max-share/)
  assert.deepEqual(await tagsIn(name), before)

  const done = await cli.run(['retention', 'run', name, '--yes'])
  assert.equal(done.code, 0, done.stderr)
  const [, id] = /^run (\d+) has succeeded: 1 deletion can be taken back by marina retention undo/.exec(done.stdout)!
  assert.deepEqual(
    await tagsIn(name),
    ['v1', 'v2', 'v3'].map((tag) => `${name}/app:${tag}`),
  )
  assert.match(await good('retention', 'runs', name), new RegExp(`^ID +STATUS .*\n *${id} +Success +no +manual`))
  assert.match(await good('retention', 'logs', name, id!, 'app'), /Run retention process[^]*\| old .* \| DEL /)
  assert.match(await good('retention', 'logs', name, id!), /Run retention process/)

  const back = await cli.run(['retention', 'undo', name, '--yes'])
  assert.equal(back.code, 0, back.stderr)
  assert.equal(back.stdout, `restored 1 deletion of run ${id}\n`)
  assert.deepEqual(await tagsIn(name), before)
  const again = await cli.run(['retention', 'undo', name, '--yes'])
  assert.deepEqual([again.code, again.stdout], [4, ''])
  assert.match(again.stderr, /there is nothing to restore/)
})

test('more than half of the tags goes only after a question that says so, or with --max-share', async () => {
  const { name, rules } = await givenTags(['v1', 'a', 'b'])
  await good('retention', 'set', name, '--rules', rules)
  const script = await cli.run(['retention', 'run', name, '--yes'])
  assert.equal(script.code, 1)
  assert.match(script.stderr, /67 % of the tags would be deleted, more than 50 %/)
  const no = await cli.atTerminal(['retention', 'run', name], [['more than 50 % of the tags. Go on? [y/N]', 'n\r']])
  assert.equal(no.code, 1, no.output)
  assert.equal((await tagsIn(name)).length, 3)
  const yes = await cli.atTerminal(['retention', 'run', name], [['more than 50 % of the tags. Go on? [y/N]', 'y\r']])
  assert.equal(yes.code, 0, yes.output)
  assert.deepEqual(await tagsIn(name), [`${name}/app:v1`])
  await good('retention', 'undo', name, '--yes')
  await good('retention', 'run', name, '--max-share', '70', '--yes')
  assert.deepEqual(await tagsIn(name), [`${name}/app:v1`])
})

test('the explanation of a tag names the policy, the rules that pick the tag, and whether it is kept', async () => {
  const { name, rules } = await givenTags(['v1', 'old'])
  const free = await cli.run(['retention', 'explain', `${name}/app:v1`])
  assert.match(free.stderr, /no retention policy is for it\n.*app:v1 stays; no run is planned/)
  await good('retention', 'set', name, '--rules', rules, '--cron', '0 0 3 * * *')
  const old = await cli.run(['retention', 'explain', `${name}/app:old`])
  assert.equal(old.code, 0, old.stderr)
  assert.match(old.stdout, /^\d+ \(project\) +deletes it +rule 2: .*\n +2 delete the rest +/m)
  assert.match(old.stderr, /app:old goes with the next run; the next run is at \d{4}-/)
  assert.match((await cli.run(['retention', 'why', `${name}/app:v1`])).stderr, /app:v1 stays; /)
  const whole = await json<{ kept: boolean; policies: object[] }>('retention', 'explain', `${name}/app:old`)
  assert.deepEqual([whole.kept, whole.policies.length], [false, 1])
  assert.equal((await cli.run(['retention', 'explain', `${name}/app:none`])).code, 4)
})

test('what is wrong about rules, shares and runs is said, and nothing is changed', async () => {
  const { name, rules } = await givenTags(['v1'])
  await writeFile(rules, '{"algorithm": "ordered", "ordered_rules": [{"action": "keep", "tags": [{"pattern": "["}]}]}')
  const pattern = await cli.run(['retention', 'set', name, '--rules', rules])
  assert.equal(pattern.code, 1)
  assert.match(pattern.stderr, /400, BAD_REQUEST/)
  await writeFile(rules, 'keep everything')
  for (const words of [
    ['set', name, '--rules', rules],
    ['set', name, '--rules', join(cli.configDir, 'nothing.json')],
    ['set', name],
    ['run', name, '--max-share', '101'],
  ])
    assert.equal((await cli.run(['retention', ...words])).code, 2, words.join(' '))
  assert.equal((await cli.run(['retention', 'show', name])).code, 4)
  const stdin = await cli.run(['retention', 'set', name, '--rules', '-'], { stdin: '{"algorithm":"or","rules":[]}' })
  assert.equal(stdin.code, 0, stdin.stderr)
  assert.equal((await cli.run(['retention', 'stop', name, 'x'])).code, 2)
  assert.notEqual((await cli.run(['retention', 'logs', name, '999999999'])).code, 0)
})
