/** The commands of docs/operate/identity-oidc.md, as they stand there; people sign in between them. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { pushImage } from '../../testing/given.ts'
import { openTestMarina } from '../../testing/server.ts'
import { openTestProvider } from '../../testing/oidc-provider.ts'
import { givenPerson, patient, signIn } from './scene.suite.ts'

const root = path.resolve(import.meta.dirname, '../../..')

test('a newcomer sets OIDC up, signs in, pushes by a CLI secret, and loses the right with the group', async () => {
  await using opened = new AsyncDisposableStack()
  const dir = await mkdtemp(path.join(tmpdir(), 'marina-oidc-page-'))
  opened.defer(() => rm(dir, { recursive: true, force: true }))
  const marina = opened.use(
    await openTestMarina({ ...patient, MARINA_OUTBOUND_ALLOW: '127.0.0.1', MARINA_IDENTITY_REFRESH: '0s' }),
  )
  const provider = opened.use(await openTestProvider({ bases: [marina.url] }))
  await pushImage(marina, 'library/seed', { tag: 'one' })
  const image = `oci:${path.join(dir, 'image')}:one`
  const page = await readFile(path.join(root, 'docs/operate/identity-oidc.md'), 'utf8')
  const [setUp = '', look = '', push = '', again = '', ...more] = [...page.matchAll(/^```sh\n([^]*?)^```/gm)].map(
    ([, lines]) => lines!,
  )
  assert.deepEqual(more, [])
  const [api = ''] = setUp.split('\n')
  const run = async (commands: string) => {
    const { stdout } = await promisify(execFile)('bash', ['-c', `set -euo pipefail\n${api}\n${commands}`], {
      cwd: dir,
      env: {
        ...process.env,
        url: marina.url,
        registry: `127.0.0.1:${marina.port}`,
        password: marina.admin.password,
        issuer: provider.issuer,
        id: provider.client.id,
        secret: provider.client.secret,
        image,
      },
    })
    return stdout
  }
  await run(
    `skopeo copy --src-tls-verify=false --src-creds "admin:$password" docker://$registry/library/seed:one $image`,
  )
  await run(setUp)
  givenPerson(provider, 'dora', ['developers'])
  await signIn({ marina }, 'dora')
  assert.match(await run(look), /"groups":\["developers"\],"is_admin":false[^]*"username":"dora"/)
  await run(push)
  givenPerson(provider, 'dora', [])
  assert.match(await run(again), /refused, as it should be/)
})
