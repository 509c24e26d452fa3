/** Completion of commands, options and what the server knows by name. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { givenRobot } from '../server/testing/api.ts'
import { openCommandLine, type CommandLine } from '../server/testing/command-line.ts'
import { fresh, givenProject, pushImage } from '../server/testing/given.ts'
import { openReceiver } from '../server/testing/receiver.ts'
import { openTestMarina } from '../server/testing/server.ts'

const run = promisify(execFile)
const marina = await openTestMarina()
after(() => marina[Symbol.asyncDispose]())
let cli: CommandLine
let script: string
let program: string
before(async () => {
  cli = await openCommandLine()
  const { url, admin } = marina
  await cli.run(['login', url, '-u', admin.name, '--password-stdin'], { stdin: admin.password })
  script = path.join(cli.configDir, 'completion.bash')
  await writeFile(script, (await cli.run(['completion', 'bash'])).stdout)
  program = path.join(cli.configDir, 'run-marina')
  const main = path.resolve(import.meta.dirname, '../server/main.ts')
  await writeFile(program, `#!/bin/sh\nexec '${process.execPath}' '${main}' "$@"\n`, { mode: 0o755 })
})
after(() => cli[Symbol.asyncDispose]())

/** What bash offers for a command line, whose words it splits at colons as well. */
async function complete(line: string, env: NodeJS.ProcessEnv = {}): Promise<string[]> {
  const words = line.split(/\s+|(:)/).filter((word) => word !== undefined)
  const asked = `source "$0" && COMP_LINE="marina $1" && COMP_POINT=\${#COMP_LINE} && shift &&
    COMP_WORDS=('${program}' "$@") && COMP_CWORD=$# && _marina && printf '%s\\n' "\${COMPREPLY[@]}"`
  const { stdout } = await run('bash', ['-c', asked, script, line, ...words], {
    env: { ...process.env, XDG_CONFIG_HOME: cli.configDir, ...env },
  })
  return stdout.split('\n').filter(Boolean)
}

test('the scripts of bash and zsh have no syntax error, and that of fish names every command', async () => {
  await run('bash', ['-n', script])
  const zsh = path.join(cli.configDir, 'completion.zsh')
  await writeFile(zsh, (await cli.run(['completion', 'zsh'])).stdout)
  await run('bash', ['-n', zsh])
  const { stdout: fish } = await cli.run(['completion', 'fish'])
  for (const path of ['serve', 'projects list', 'robots create', 'keys rotate'])
    assert.ok(fish.includes(`__marina_at ${path}'`), path)
})

test('nouns, verbs, aliases, options and choices are completed', async () => {
  assert.deepEqual(await complete('pro'), ['projects'])
  assert.deepEqual(await complete('projects '), ['list', 'show', 'create', 'update', 'delete', 'summary', '--help'])
  assert.deepEqual(await complete('project su'), ['summary'])
  assert.deepEqual(await complete('robots create x --al'), ['--allow'])
  assert.deepEqual(await complete('projects list -o '), ['table', 'json', 'yaml', 'name'])
  assert.deepEqual(await complete('members add a b --role d'), ['developer'])
  assert.deepEqual(await complete('projects list --limit 5 --pu'), ['--public'])
  assert.deepEqual(await complete('completion '), ['bash', 'zsh', 'fish', '--help'])
})

test('projects, repositories, tags, robots and saved logins are completed from the server', async () => {
  const [one, other] = [
    await givenProject(marina, { name: fresh('compl-a') }),
    await givenProject(marina, { name: fresh('compl-b') }),
  ]
  await pushImage(marina, `${one.name}/web/app`, { tag: 'v1' })
  await pushImage(marina, `${one.name}/web/app`, { tag: 'v2' })
  assert.deepEqual(await complete('projects show compl-'), [one.name, other.name])
  assert.deepEqual(await complete('audit list --project compl-b'), [other.name])
  assert.deepEqual(await complete('repos show compl-a'), [`${one.name}/`])
  assert.deepEqual(await complete(`repos show ${one.name}/w`), [`${one.name}/web/app`])
  // Bash replaces only what follows the colon.
  assert.deepEqual((await complete(`tags show ${one.name}/web/app:v`)).toSorted(), ['v1', 'v2'])
  assert.deepEqual(await complete('contexts use 127'), [`127.0.0.1:${marina.port}`])
  assert.deepEqual((await cli.run(['__complete', 'context', '127'])).stdout, `127.0.0.1:${marina.port}\n`)
  await givenRobot(marina, 'compl', { access: [{ resource: 'project', action: 'list' }] })
  assert.deepEqual(await complete('robots show rob'), ['robot\\$compl'])
})

test('a name that a hostile server sends is not run by the shell', async () => {
  await using server = await openReceiver()
  const mark = path.join(cli.configDir, 'run')
  const rows = [{ name: `li$(touch\${IFS}${mark})` }, { name: 'li`touch mark`' }, { name: 'line\nbreak' }]
  const headers = { 'content-type': 'application/json', 'x-total-count': '3' }
  server.answer(() => ({ headers, body: JSON.stringify(rows) }))
  const offered = await complete('projects show li', { MARINA_CLI_URL: server.url })
  assert.equal(offered.length, 1)
  assert.match(offered[0]!, /^li\\\$\\\(touch/)
  await assert.rejects(stat(mark), { code: 'ENOENT' })
})

test('a server that cannot be asked completes nothing, and says nothing', async () => {
  assert.deepEqual(await complete('projects show li', { MARINA_CLI_URL: 'http://127.0.0.1:1' }), [])
  const { code, stdout } = await cli.run(['__complete', 'project', 'li'], {
    env: { MARINA_CLI_URL: 'http://127.0.0.1:1' },
  })
  assert.deepEqual({ code, stdout }, { code: 0, stdout: '' })
})
