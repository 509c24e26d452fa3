/** docs/operate/identity-ldap.md, command by command. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, test } from 'node:test'
import { promisify } from 'node:util'
import { freePort } from '../../testing/ports.ts'
import { openTestMarina } from '../../testing/server.ts'

const run = promisify(execFile)
const root = resolve(import.meta.dirname, '../../..')
const marina = await openTestMarina({ MARINA_OUTBOUND_ALLOW: '127.0.0.1' })
after(() => marina[Symbol.asyncDispose]())

test('all commands of the page about directories work in their order', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'ldap-page-'))
  const page = await readFile(join(root, 'docs/operate/identity-ldap.md'), 'utf8')
  const [first, ...blocks] = [...page.matchAll(/^```sh\n([^]*?)^```$/gm)].map(([, commands]) => commands!)
  assert.equal(blocks.length, 6)
  const { name, password } = marina.admin
  const values: Record<string, string> = {
    at: new URL(marina.url).host,
    admin: `${name}:${password}`,
    port: String(await freePort()),
  }
  const given = first!.replace(/^(\w+)=\S+/gm, (_, word: string) => `${word}=${values[word]}`)
  const command = `marina() { '${process.execPath}' '${join(root, 'server/main.ts')}' "$@"; }`
  const makeImage = 'umoci init --layout image && umoci new --image image:latest'
  const copies = blocks.map((block) => block.replaceAll('oci:image', 'oci:image:latest'))
  const script = [command, makeImage, given, ...copies].join('\necho "== next"\n')
  const env = {
    PATH: process.env['PATH'],
    HOME: dir,
    MARINA_CLI_URL: marina.url,
    MARINA_CLI_USERNAME: name,
    MARINA_CLI_PASSWORD: password,
  }
  try {
    const { stdout } = await run('bash', ['-euo', 'pipefail', '-c', script], { cwd: dir, env })
    const said = stdout.split('== next\n').slice(3)
    assert.match(said[1]!, /the directory answers[^]*ann +Ann Archer +ann@example\.com[^]*builders +cn=builders/)
    assert.match(said[3]!, /"username":"ann"[^]*Login Succeeded/)
    assert.doesNotMatch(said[3]!, /refused/)
    assert.match(said[4]!, /push refused/)
    assert.match(said[5]!, /login refused/)
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
})
