/** The commands of docs/operate/proxy-cache.md, as they stand there. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { after, test } from 'node:test'
import { promisify } from 'node:util'
import { openCommandLine } from '../../testing/command-line.ts'
import { openDockerRegistry } from '../../testing/docker-registry.ts'
import { openTestMarina } from '../../testing/server.ts'
import { imageOf, pushTo } from './scene.suite.ts'

const root = path.resolve(import.meta.dirname, '../../..')
const other = await openDockerRegistry()
after(() => other[Symbol.asyncDispose]())
const marina = await openTestMarina({ MARINA_OUTBOUND_ALLOW: '127.0.0.1' })
after(() => marina[Symbol.asyncDispose]())
const page = await readFile(path.join(root, 'docs/operate/proxy-cache.md'), 'utf8')

test('a newcomer makes caches by curl and on the command line, and pulls through them with skopeo', async () => {
  await using cli = await openCommandLine()
  await pushTo(other.url, 'team/app', '1.0', imageOf(100_000))
  const commands = [...page.matchAll(/^```sh\n([^]*?)^```/gm)].map(([, lines]) => lines).join('')
  assert.ok(commands.split('\n').length > 12)
  const program = `marina() { '${process.execPath}' '${path.join(root, 'server/main.ts')}' "$@"; }`
  const { stdout } = await promisify(execFile)('bash', ['-c', `set -euo pipefail\n${program}\n${commands}`], {
    cwd: cli.configDir,
    env: {
      ...process.env,
      XDG_CONFIG_HOME: cli.configDir,
      url: marina.url,
      password: marina.admin.password,
      other: other.url,
    },
  })
  for (const line of [
    /^created cache mirror2$/m,
    /^fetched 1 image$/m,
    /^team\/app +1\.0 +sha256:\w{12} +yes /m,
    /^1 tag will be asked for again$/m,
    /^forgot tag mirror2\/team\/app:1\.0$/m,
    /^mirror2 +\d+ +yes /m,
  ])
    assert.match(stdout, line)
})
