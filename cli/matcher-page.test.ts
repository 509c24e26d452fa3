/** docs/operate/matcher.md, command by command. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { pushLayers } from '../server/testing/layers.ts'
import { openCliScene } from './scene.suite.ts'

const { marina, cli } = await openCliScene()
const run = promisify(execFile)
const root = resolve(import.meta.dirname, '..')

test("all commands of the page about Marina's own matcher work in their order", async () => {
  const content = JSON.stringify({ name: 'left-pad', version: '1.1.0' })
  await pushLayers(marina, 'library/app', [[['app/node_modules/left-pad/package.json', content]]], { tag: '1.0' })
  const page = await readFile(join(root, 'docs/operate/matcher.md'), 'utf8')
  const blocks = [...page.matchAll(/^```sh\n([^]*?)^```$/gm)].map(([, commands]) => commands!)
  assert.equal(blocks.length, 5)
  const { name, password } = marina.admin
  const env = {
    PATH: process.env['PATH'],
    HOME: cli.configDir,
    MARINA_CLI_URL: marina.url,
    MARINA_CLI_USERNAME: name,
    MARINA_CLI_PASSWORD: password,
  }
  const command = `marina() { '${process.execPath}' '${join(root, 'server/main.ts')}' "$@"; }`
  const script = [command, ...blocks].join('\necho "== next"\n')
  const { stdout } = await run('bash', ['-euo', 'pipefail', '-c', script], { cwd: cli.configDir, env })
  const said = stdout.split('== next\n')
  assert.match(said[1]!, /1 advisories on 1 packages are in use.*\n[^]*npm \(1\)/)
  assert.match(said[2]!, /is imported daily\n[^]*Success/)
  assert.match(said[3]!, /High +CVE-2026-0001 +left-pad +1\.1\.0 +1\.3\.0 +42\.0 %/)
  assert.match(said[4]!, /created webhook chat/)
  assert.equal(said[5]!.match(/library\/app@sha256:/g)!.length, 4)
  const shown = JSON.parse(await readFile(join(cli.configDir, 'app.json'), 'utf8')) as { state: string }
  assert.equal(shown.state, 'ok')
})
