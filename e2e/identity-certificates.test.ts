/** docs/operate/identity-certificates.md, command by command, with openssl, curl and skopeo. */
import assert from 'node:assert/strict'
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { test } from 'node:test'
import { makeCertificate } from '../server/testing/certificate.ts'
import { freePort } from '../server/testing/ports.ts'
import { smallImage } from './image.ts'
import { makeFolder, root, run } from './marina.ts'

test('all commands of the page about client certificates work in their order', { timeout: 300_000 }, async () => {
  await using folder = await makeFolder()
  const at = (name: string) => path.join(folder.dir, name)
  const { cert, key } = await makeCertificate()
  await mkdir(at('walk'))
  await mkdir(at('bin'))
  await writeFile(at('walk/cert.pem'), cert)
  await writeFile(at('walk/key.pem'), key)
  await writeFile(at('bin/marina'), `#!/bin/sh\nexec '${process.execPath}' '${root}/server/main.ts' "$@"\n`)
  await chmod(at('bin/marina'), 0o755)
  const { source } = await smallImage(at('image'), 'certificates')
  const page = await readFile(path.join(root, 'docs/operate/identity-certificates.md'), 'utf8')
  const blocks = [...page.matchAll(/^```sh\n([^]*?)^```$/gm)].map(([, commands]) => commands!)
  assert.equal(blocks.length, 5)
  const script = ['set -euo pipefail', `trap 'kill $(jobs -p); wait' EXIT`, blocks.join('\necho "== next"\n')].join(
    '\n',
  )
  const env = {
    PATH: `${at('bin')}:${process.env['PATH']}`,
    HOME: folder.dir,
    TMPDIR: folder.dir,
    dir: at('walk'),
    port: String(await freePort()),
    password: 'Marina12345',
    image: source,
    MARINA_ADMIN_PASSWORD: 'Marina12345',
    MARINA_HOST: '127.0.0.1',
    MARINA_DATA_DIR: at('data'),
    MARINA_METRICS_PORT: 'off',
    MARINA_PROCESSES: '1',
  }
  const said = (await run(['bash', '-c', script], { env, cwd: folder.dir })).split('== next\n')
  assert.match(said[2]!, /"username":"ann"/)
  assert.match(said[3]!, /"Name": ?"127\.0\.0\.1:\d+\/anns\/app"/)
  assert.match(said[4]!, /that of user bob, which is not there/)
  assert.match(said[4]!, /the client certificate was revoked/)
})
