/** Commands that find and clear what nobody uses, against a real server. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { after, before, suite, test } from 'node:test'
import { promisify } from 'node:util'
import { callApi } from '../server/testing/api.ts'
import { openCommandLine, type CommandLine } from '../server/testing/command-line.ts'
import { givenProject, pushImage } from '../server/testing/given.ts'
import { expectAnswer } from '../server/testing/http.ts'
import { openTestMarina } from '../server/testing/server.ts'
import { givenPullsToday, setPast, setPushed } from '../server/testing/used.ts'
import { chooseOldTags } from './lib/old-tags.ts'

const marina = await openTestMarina()
after(() => marina[Symbol.asyncDispose]())
const { db } = marina.ground
const root = path.resolve(import.meta.dirname, '..')
let cli: CommandLine
before(async () => {
  cli = await openCommandLine({
    MARINA_CLI_URL: marina.url,
    MARINA_CLI_USERNAME: marina.admin.name,
    MARINA_CLI_PASSWORD: marina.admin.password,
  })
})
after(() => cli[Symbol.asyncDispose]())

async function good(...words: string[]): Promise<string> {
  const { code, stdout, stderr } = await cli.run(words)
  assert.equal(code, 0, `${words.join(' ')}: ${stderr}`)
  return stdout.trimEnd()
}
const json = async <Row>(...words: string[]): Promise<Row> => JSON.parse(await good(...words, '-o', 'json')) as Row

/** A repository with as many pulls, the last of them so many days ago, and one image for each tag. */
async function givenRepository(name: string, pulls: number, days: number, tags = ['1']): Promise<void> {
  for (const tag of tags) await pushImage(marina, name, { tag })
  await setPast(db, name, pulls, days + 0.1)
}
const exists = async (name: string) => (await cli.run(['repos', 'show', name])).code === 0

suite('repositories', () => {
  let project: string
  const at = (name: string) => `${project}/${name}`
  before(async () => {
    project = (await givenProject(marina)).name
    await givenRepository(at('busy'), 70, 1)
    await givenRepository(at('old'), 20, 40)
    await givenRepository(at('older'), 3, 90)
    await givenRepository(at('kept'), 2, 95, ['v1'])
    for (let place = 0; place < 8; place++) await givenRepository(at(`filler-${place}`), 100 + place, 1)
  })

  test('S2-26, S2-27: those pulled most are ten, or as many as wanted; as JSON a list of name and count', async () => {
    const first = await json<{ name: string; count: number }[]>('repos', 'top', '--project', project)
    assert.deepEqual([first.length, first[0]], [10, { name: at('filler-7'), count: 107 }])
    const all = await json<{ name: string; count: number }[]>('repos', 'top', '-c', '1000', '--project', project)
    assert.deepEqual([all.length, all.at(-1)], [12, { name: at('kept'), count: 2 }])
    assert.equal((await cli.run(['repos', 'top', '-c', '0'])).code, 2)
  })

  test('scores are listed lowest first, with what each factor earns', async () => {
    const table = await good('repos', 'score', '--project', project, '--limit', '4')
    const [heading, ...rows] = table.split('\n')
    assert.match(heading!, /^SCORE +NAME +DAYS +PULLS +TAGS/)
    assert.match(rows[0]!, new RegExp(`^0\\.72 +${at('kept')} +95 \\(0\\.40\\) +2 \\(0\\.24\\) +1 \\(0\\.08\\)`))
    assert.deepEqual((await good('repos', 'score', '--project', project, '--limit', '4', '-o', 'name')).split('\n'), [
      at('kept'),
      at('older'),
      at('old'),
      at('busy'),
    ])
    const few = await json<{ score: number }[]>('repos', 'scores', '--project', project, '--preset', 'few-tags')
    assert.equal(few[0]!.score, 74)
  })

  test('a simulation says how many pulls would have failed', async () => {
    await givenPullsToday(db, at('old'), 5)
    const { code, stdout, stderr } = await cli.run(['repos', 'simulate', '-d', '7', '-c', '3', '--project', project])
    assert.deepEqual([code, stdout.split('\n').length], [0, 5], stderr)
    assert.match(stdout, new RegExp(`\n0\\.\\d\\d +${at('old')} +5 +\\d{4}-`))
    assert.match(stderr, /^5 pulls since \S+ would have failed, of those recorded from \S+ on$/m)
  })

  test('S2-24: cleaning says what goes and what that frees; dry runs and bad numbers change nothing', async () => {
    const dry = await cli.run(['repos', 'clean', '--project', project, '--count', '2', '--dry-run'])
    assert.deepEqual([dry.code, dry.stdout], [0, ''])
    assert.match(dry.stderr, new RegExp(`repository ${at('kept')} will be deleted: score 0\\.72, 2 pulls, the last`))
    assert.match(
      dry.stderr,
      /2 repositories: \d[^:]* would be freed, by a collection \(marina gc run\) after 168 hours/,
    )
    assert.match(dry.stderr, /dry run: nothing was changed/)
    for (const words of [['--count', '2'], ['--yes'], ['--count', '51', '--yes'], ['--count', '0', '--yes']])
      assert.equal((await cli.run(['repos', 'clean', '--project', project, ...words])).code, 2, words.join(' '))
    assert.ok(await exists(at('kept')))
  })

  test('S2-24: at a terminal it shows them, asks how many and asks again; what is immutable stays', async () => {
    await good('immutable', 'create', project, '--tags', 'v*')
    const words = ['repos', 'clean', '--project', project]
    const no = await cli.atTerminal(words, [
      ['1 to 12', '2\r'],
      ['[y/N]', 'n\r'],
    ])
    assert.equal(no.code, 1, no.output)
    assert.ok(await exists(at('older')))
    const yes = await cli.atTerminal(words, [
      ['1 to 12', '2\r'],
      ['[y/N]', 'y\r'],
    ])
    assert.equal(yes.code, 1, yes.output)
    assert.match(yes.output, new RegExp(`deleted repository ${at('older')}`))
    assert.match(yes.output, new RegExp(`${at('kept')} stays: `))
    assert.deepEqual(
      [await exists(at('kept')), await exists(at('older')), await exists(at('old'))],
      [true, false, true],
    )
    const [entry] = await json<{ id: number }[]>('trash', 'list', project)
    await good('trash', 'restore', project, String(entry!.id))
    const [restored] = await json<{ name: string; pull_count: number }[]>('repos', 'score', '--project', project)
    assert.deepEqual([restored!.name, restored!.pull_count], [at('kept'), 2])
    assert.ok(await exists(at('older')))
  })
})

test('what a cluster runs is left out of a cleaning, which says so', async () => {
  const { name: project } = await givenProject(marina)
  for (const [place, name] of ['runs', 'idle'].entries()) await givenRepository(`${project}/${name}`, place, 90 - place)
  const [{ digest }] = (await json<{ digest: string }[]>('artifacts', 'list', `${project}/runs`)) as [
    { digest: string },
  ]
  const body = { cluster: 'production', images: [{ repository: `${project}/runs`, digest, workload: 'default/web' }] }
  expectAnswer(await callApi(marina, 'POST', '/deployments', { as: marina.admin, body }), 200)

  const table = await good('repos', 'score', '--project', project)
  assert.match(table, new RegExp(`RUNS\n0\\.72 +${project}/runs .* yes\n0\\.72 +${project}/idle `))
  const words = ['repos', 'clean', '--project', project, '--count', '2']
  const stays = new RegExp(
    `^repository ${project}/runs stays, score 0\\.72: it runs in production \\(default/web\\)$`,
    'm',
  )
  const dry = await cli.run([...words, '--dry-run'])
  assert.match(dry.stderr, stays)
  assert.match(dry.stderr, new RegExp(`repository ${project}/idle will be deleted`))
  assert.equal(await good(...words, '--yes'), `deleted repository ${project}/idle`)
  const none = await cli.run([...words, '--yes'])
  assert.deepEqual([none.code, none.stdout], [0, ''])
  assert.match(none.stderr, stays)
  assert.match(none.stderr, /there is no repository that you may delete/)
  assert.ok(await exists(`${project}/runs`))
})

suite('tags', () => {
  const now = new Date('2026-05-31T12:00:00Z')
  const tag = (name: string, days: number) => ({
    name,
    push_time: new Date(now.getTime() - days * 86_400_000).toISOString(),
  })
  const chosen = (days: number, keep: number, ...tags: ReturnType<typeof tag>[]) =>
    chooseOldTags(tags, { days, keep }, now).map(({ name }) => name)

  test('S2-25: younger ones stay, and of the older ones the newest; the age is in whole days', () => {
    const tags = [tag('a', 1), tag('b', 6.9), tag('c', 7), tag('d', 8), tag('e', 9), tag('f', 9)]
    assert.deepEqual(chosen(7, 0, ...tags), ['c', 'd', 'e', 'f'])
    assert.deepEqual(chosen(7, 2, ...tags), ['e', 'f'])
    assert.deepEqual(chosen(7, 3, ...tags.toReversed()), ['f'])
    assert.deepEqual(chosen(7, 4, ...tags), [])
    assert.deepEqual(chosen(0, 5, ...tags), ['f'])
  })

  test('S2-25: old tags are taken away in each repository; artifacts and immutable tags stay', async () => {
    const { name: project } = await givenProject(marina)
    for (const repository of ['one', 'two']) {
      for (const [place, name] of ['1', '2', '3', 'v4', 'young'].entries()) {
        await pushImage(marina, `${project}/${repository}`, { tag: name })
        const days = name === 'young' ? 1 : 20 + place
        await setPushed(db, `${project}/${repository}`, name, days + 0.1)
      }
    }
    await good('immutable', 'create', project, '--tags', 'v*')
    const left = async (repository: string) =>
      (await good('tags', 'list', `${project}/${repository}`, '-o', 'name'))
        .split('\n')
        .map((name) => name.split(':')[1]!)
        .toSorted()
    const words = ['tags', 'clean', '-d', '7', '-m', '1']
    const dry = await cli.run([...words, '-n', `${project}/one`, '--dry-run'])
    assert.deepEqual([dry.code, dry.stdout], [0, ''])
    assert.match(dry.stderr, new RegExp(`${project}/one: 2 of 5 tags will go: 2, 3\n2 tags of 1 repository`))
    assert.match(dry.stderr, /1 old tag will stay: immutable/)
    assert.equal((await left('one')).length, 5)

    assert.equal(
      await good(...words, '-n', `${project}/one`, '--yes'),
      `deleted tag ${project}/one:2\ndeleted tag ${project}/one:3`,
    )
    assert.deepEqual([await left('one'), (await left('two')).length], [['1', 'v4', 'young'], 5])
    assert.equal((await good('artifacts', 'list', `${project}/one`, '-o', 'name')).split('\n').length, 5)
    await good(...words, '--yes')
    assert.deepEqual(await left('two'), ['1', 'v4', 'young'])
    assert.equal(await good(...words, '--yes'), '')
    for (const bad of [
      ['tags', 'clean', '-d', '7'],
      [...words.slice(0, 3), 'x', '-m', '1'],
    ])
      assert.equal((await cli.run(bad)).code, 2)
  })
})

test('a newcomer can type every command of docs/operate/scores.md, one after the other', async () => {
  const page = await readFile(path.join(root, 'docs/operate/scores.md'), 'utf8')
  const commands = [...page.matchAll(/^```sh\n([^]*?)^```/gm)].map(([, lines]) => lines).join('')
  assert.ok(commands.split('\n').length > 10)
  await pushImage(marina, 'library/app', { tag: '1.0' })
  const program = `marina() { '${process.execPath}' '${path.join(root, 'server/main.ts')}' "$@"; }`
  const { stdout } = await promisify(execFile)('bash', ['-c', `set -eu\n${program}\n${commands}`], {
    cwd: cli.configDir,
    env: {
      ...process.env,
      XDG_CONFIG_HOME: cli.configDir,
      MARINA_CLI_URL: marina.url,
      MARINA_CLI_USERNAME: marina.admin.name,
      MARINA_CLI_PASSWORD: marina.admin.password,
    },
  })
  assert.match(stdout, /^deleted repository library\/app$/m)
  assert.match(stdout, /^restored the repository library\/app with 1\.0$/m)
})
