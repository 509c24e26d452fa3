/**
 * docs/operate/scanning.md, command by command; cosign is sign.ts, which signs as it does. And an SBOM whose process is
 * killed.
 */
import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { pushImage } from './app-image.ts'
import { basic } from './http.ts'
import { end, makeFolder, root, startMarina } from './marina.ts'
import { startWorker } from './worker.ts'

test('the walk from an SBOM to a verified signature works without a network, command by command', async () => {
  await using top = await makeFolder()
  const dataDir = path.join(top.dir, 'data')
  await mkdir(dataDir)
  await using marina = await startMarina({ dataDir })
  await pushImage(top.dir, marina)
  await writeFile(path.join(top.dir, 'password'), marina.password!)
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
  await writeFile(path.join(top.dir, 'cosign.pub'), publicKey.export({ type: 'spki', format: 'pem' }))
  await writeFile(path.join(top.dir, 'cosign.key'), privateKey.export({ type: 'pkcs8', format: 'pem' }))
  const page = await readFile(path.join(root, 'docs/operate/scanning.md'), 'utf8')
  const blocks = [...page.matchAll(/^```sh\n([^]*?)^```$/gm)].map(([, commands]) => commands!)
  assert.equal(blocks.length, 9)
  const node = `'${process.execPath}'`
  const commands = `
    at=${marina.url}
    host=${marina.host}
    export HOME=${top.dir}
    marina() { ${node} '${path.join(root, 'server/main.ts')}' "$@"; }
    cosign() { ${node} '${path.join(root, 'e2e/sign.ts')}' cosign "$@"; }\n`
  const script = [commands, ...blocks].join('\necho "== next"\n')
  const { code, stdout, stderr } = await end(
    ['bash', '-euo', 'pipefail', '-c', script.replaceAll('http://$at', '$at')],
    {
      cwd: top.dir,
    },
  )
  assert.equal(code, 0, `${stdout.slice(-3000)}\n${stderr.slice(-3000)}`)
  const [spdx, cyclonedx] = await Promise.all(
    ['app.spdx.json', 'app.cdx.json'].map(async (name) => readFile(path.join(top.dir, name), 'utf8')),
  )
  assert.match(spdx!, /"SPDX-2\.3"[^]*"pkg:deb\/debian\/base-files@12\.4\?arch=amd64&distro=debian-12"/)
  assert.match(cyclonedx!, /"CycloneDX","specVersion":"1\.6"/)
  const [, , api, imported, found, refused, , signed, over] = stdout.split('== next\n')
  assert.match(api!, /"type":"sbom\.harbor"/)
  assert.match(imported!, /1 advisories on 1 packages are in use/)
  assert.match(found!, /High +CVE-2026-1234 +base-files +12\.4 +13/)
  for (const answer of [refused!, over!])
    assert.match(answer, /PROJECTPOLICYVIOLATION.*1 vulnerability cannot be pulled/)
  assert.match(signed!, /PROJECTPOLICYVIOLATION.*no verified signature[^]*^cosign +signature +yes +release/m)
  await marina.stop()
})

test('an SBOM whose process is killed while it is stored is made by the next process, once', async () => {
  await using top = await makeFolder()
  const dataDir = path.join(top.dir, 'data')
  await mkdir(dataDir)
  await using marina = await startMarina({ dataDir, env: { MARINA_WORKERS: 'none' } })
  await pushImage(top.dir, marina)
  const headers = { ...basic(marina.password!), 'content-type': 'application/json' }
  const image = `${marina.url}/api/v2.0/projects/library/repositories/app/artifacts/1.0`
  const body = JSON.stringify({ scan_type: 'sbom' })
  assert.equal((await fetch(`${image}/scan`, { method: 'POST', headers, body })).status, 202)

  const work = (env: NodeJS.ProcessEnv) => startWorker(dataDir, env)
  assert.deepEqual(await once(work({ MARINA_FAILPOINTS: 'sbom.saved' }), 'exit'), [null, 'SIGKILL'])
  const worker = work({})
  const exited = once(worker, 'exit')
  let isMade = false
  try {
    for (const end = performance.now() + 120_000; performance.now() < end;) {
      const answer = await fetch(`${image}?with_sbom_overview=true&with_accessory=true`, { headers })
      const { sbom_overview: overview, accessories } = (await answer.json()) as Shown
      if (!['Success', 'Error', 'Stopped'].includes(overview.scan_status)) {
        await sleep(100)
        continue
      }
      assert.equal(overview.scan_status, 'Success')
      assert.deepEqual(
        accessories.map(({ digest }) => digest),
        [overview.sbom_digest],
      )
      isMade = true
      break
    }
    assert.ok(isMade)
  } finally {
    worker.kill('SIGTERM')
  }
  assert.deepEqual(await exited, [0, null])
  await marina.stop()
})

type Shown = { sbom_overview: { scan_status: string; sbom_digest: string }; accessories: { digest: string }[] }
