/** docs/operate/identity-proxy.md, command by command, against a stand-in of an HTTP auth proxy. */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { test } from 'node:test'
import { openAuthProxy } from '../server/testing/identity-servers.ts'
import { openTestMarina } from '../server/testing/server.ts'
import { root, run } from './marina.ts'

test('all commands of the page about the HTTP auth proxy work in their order', async () => {
  await using proxy = await openAuthProxy()
  await using marina = await openTestMarina({ MARINA_OUTBOUND_ALLOW: '127.0.0.1' })
  proxy.people.set('ann', { password: 'of ann', groups: ['wheel', 'builders'] })
  proxy.tokens.set('a-token', 'ann')
  const page = await readFile(path.join(root, 'docs/operate/identity-proxy.md'), 'utf8')
  const blocks = [...page.matchAll(/^```sh\n([^]*?)^```$/gm)].map(([, commands]) => commands!)
  assert.equal(blocks.length, 2)
  const { url, admin } = marina
  const env = {
    PATH: process.env['PATH'],
    url,
    password: admin.password,
    proxy: proxy.url,
    ann: 'of ann',
    token: 'a-token',
  }
  const script = ['set -euo pipefail', ...blocks].join('\n')
  const said = await run(['bash', '-c', script], { env })
  assert.match(said, /"username":"ann"[^}]*"admin_role_in_auth":true/)
  assert.match(said, /"group_name":"builders","group_type":2/)
  assert.equal(said.match(/"access_token"/g)!.length, 2)
})
