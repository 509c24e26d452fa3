/** The commands of docs/operate/cli.md, as they stand there. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { after, test } from 'node:test'
import { promisify } from 'node:util'
import { openCommandLine } from '../server/testing/command-line.ts'
import { openDockerRegistry } from '../server/testing/docker-registry.ts'
import { pushImage } from '../server/testing/given.ts'
import { openTestMarina } from '../server/testing/server.ts'
import { exitCodes } from './lib/problem.ts'

const root = path.resolve(import.meta.dirname, '..')
const other = await openDockerRegistry()
after(() => other[Symbol.asyncDispose]())
const marina = await openTestMarina({ MARINA_OUTBOUND_ALLOW: '127.0.0.1' })
after(() => marina[Symbol.asyncDispose]())
const page = await readFile(path.join(root, 'docs/operate/cli.md'), 'utf8')

test('a newcomer can type every command of the page, one after the other', async () => {
  await using cli = await openCommandLine()
  await pushImage(marina, 'library/app', { tag: '1.0' })
  const commands = [...page.matchAll(/^```sh\n([^]*?)^```/gm)].map(([, lines]) => lines).join('')
  assert.ok(commands.split('\n').length > 40)
  const program = `marina() { '${process.execPath}' '${path.join(root, 'server/main.ts')}' "$@"; }`
  // `head` leaves early, which must not count as a failure.
  const script = `set -eu\n${program}\n${commands}`
  const { stdout } = await promisify(execFile)('bash', ['-c', script], {
    cwd: cli.configDir,
    env: {
      ...process.env,
      XDG_CONFIG_HOME: cli.configDir,
      at: `127.0.0.1:${marina.port}`,
      password: marina.admin.password,
      other: other.url,
    },
  })
  for (const line of [
    /^logged in to http:\/\/127\.0\.0\.1:\d+ as admin$/m,
    /^created project team \(private\)$/m,
    /^created robot robot\$team\+ci, expires /m,
    /^library\/app:stable now names what library\/app:1\.0 names$/m,
    /^restored the artifact library\/app@sha256:\w+ with 1\.0$/m,
    /^run \d+ freed /m,
    /^sent a test event: delivery \d+$/m,
    /^run \d+ has succeeded: 1 task/m,
  ]) {
    assert.match(stdout, line)
  }
})

test('the page names every exit code and every variable that the code knows', async () => {
  for (const code of Object.values(exitCodes)) assert.match(page, new RegExp(`^\\| ${code} \\|`, 'm'))
  const files = ['place.ts', 'contexts.ts', 'output.ts', 'failure.ts'].map((name) => path.join(root, 'cli/lib', name))
  const sources = await Promise.all(files.map((file) => readFile(file, 'utf8')))
  const names = new Set(sources.join('\n').match(/MARINA_CLI_[A-Z]+/g))
  assert.ok(names.size >= 8)
  for (const name of names) assert.match(page, new RegExp(`\`${name}[\`=]`))
})
