/** docs/operate/roles.md, command by command, and what the commands for roles answer. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { after, test } from 'node:test'
import { promisify } from 'node:util'
import { openCommandLine, succeeding } from '../server/testing/command-line.ts'
import { fresh, givenProject, givenUser, pushImage } from '../server/testing/given.ts'
import { openTestMarina } from '../server/testing/server.ts'

const marina = await openTestMarina()
after(() => marina[Symbol.asyncDispose]())
const { name, password } = marina.admin
const login = { MARINA_CLI_URL: marina.url, MARINA_CLI_USERNAME: name, MARINA_CLI_PASSWORD: password }
const cli = await openCommandLine(login)
after(() => cli[Symbol.asyncDispose]())
const { good } = succeeding(() => cli)
const root = resolve(import.meta.dirname, '..')

test('all commands of the page about roles work in their order', async () => {
  const project = await givenProject(marina, { name: 'team' })
  const [ann, bob] = [await givenUser(marina, 'ann'), await givenUser(marina, 'bob')]
  for (const repository of ['web/shop', 'db']) await pushImage(marina, `team/${repository}`, { tag: 'v1' })
  const page = await readFile(join(root, 'docs/operate/roles.md'), 'utf8')
  const blocks = [...page.matchAll(/^```sh\n([^]*?)^```$/gm)].map(([, commands]) => commands!)
  assert.equal(blocks.length, 4)
  const env = { PATH: process.env['PATH'], HOME: cli.configDir, at: marina.url, password, ...login }
  const command = `marina() { '${process.execPath}' '${join(root, 'server/main.ts')}' "$@"; }`
  const script = [command, ...blocks].join('\necho "== next"\n')
  const { stdout } = await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', script], { cwd: cli.configDir, env })
  const said = stdout.split('== next\n')
  assert.match(said[1]!, /ann +user +puller +all\n[^]*bob +user +developer +web\/\*\*/)
  assert.match(said[3]!, /"tag_count":2/)
  const [first = '', all = '', last = ''] = said[4]!.split(/(?=^WHO|^who)/im).filter(Boolean)
  assert.match(first, /ann +user +repository:pull +yes +the role puller gives repository:pull/)
  assert.match(all, /bob +user +repository:push +in web\/\*\*/)
  assert.match(last, /bob +user +repository:push +no .*releases/)
  const status = async (as: typeof ann, path: string) => (await marina.ask('GET', path, { as })).status
  assert.equal(await status(ann, `/v2/${project.name}/db/manifests/v1`), 200)
  assert.equal(await status(bob, `/v2/${project.name}/db/manifests/v1`), 401)
  assert.equal(await status(ann, '/api/v2.0/configurations'), 200)
})

test('a role is made for a project, shown, bound, taken away and deleted', async () => {
  const [project, person, role] = [await givenProject(marina), await givenUser(marina), fresh('release')]
  await good('roles', 'create', role, '--allow', 'push', '--allow', 'tag:delete', '--project', project.name)
  assert.match(await good('roles', 'list', '--project', project.name), new RegExp(`${role} +the project`))
  assert.match(
    await good('roles', 'show', role, '--project', project.name),
    /repository:push, repository:pull, tag:delete/,
  )
  const whom = ['--user', person.name, '--project', project.name]
  await good('roles', 'bind', role, ...whom, '--repositories', 'app')
  assert.match(await good('roles', 'bindings', project.name), new RegExp(`${person.name} +user +${role} +app`))
  const busy = await cli.run(['roles', 'delete', role, '--project', project.name, '--yes'])
  assert.notEqual(busy.code, 0)
  assert.match(busy.stderr, new RegExp(`user ${person.name}`))
  await good('roles', 'unbind', role, ...whom, '--yes')
  await good('roles', 'delete', role, '--project', project.name, '--yes')
  assert.equal((await cli.run(['roles', 'show', role, '--project', project.name])).code, 4)
  assert.equal((await cli.run(['roles', 'unbind', role, ...whom, '--yes'])).code, 4)
  assert.equal((await cli.run(['roles', 'bind', 'guest', '--project', project.name])).code, 2)
})
