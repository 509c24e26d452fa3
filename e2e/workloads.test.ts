/** docs/operate/workloads.md, command by command, with a token as a pod of a cluster has it. */
import assert from 'node:assert/strict'
import { generateKeyPairSync, randomUUID, sign, type KeyObject } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { test } from 'node:test'
import { end, makeFolder, root, run, startMarina } from './marina.ts'

const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')

/** A token of a service account, as Kubernetes documents its claims. */
function tokenOf(key: KeyObject, kid: string, namespace: string): string {
  const now = Math.floor(Date.now() / 1000)
  const claims = {
    iss: 'https://cluster.example',
    aud: ['registry.example.com'],
    sub: `system:serviceaccount:${namespace}:builder`,
    'kubernetes.io': { namespace, serviceaccount: { name: 'builder', uid: randomUUID() } },
    jti: randomUUID(),
    iat: now,
    nbf: now,
    exp: now + 3600,
  }
  const signed = `${part({ alg: 'RS256', kid })}.${part(claims)}`
  return `${signed}.${sign('sha256', Buffer.from(signed), key).toString('base64url')}`
}

async function makeFiles(dir: string): Promise<void> {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const kid = randomUUID()
  const key = { ...publicKey.export({ format: 'jwk' }), kid, alg: 'RS256', use: 'sig' }
  await writeFile(path.join(dir, 'keys.json'), JSON.stringify({ keys: [key] }))
  await writeFile(path.join(dir, 'token'), tokenOf(privateKey, kid, 'ci'))
  await writeFile(path.join(dir, 'other-token'), tokenOf(privateKey, kid, 'web'))
  const [image, files] = [path.join(dir, 'image'), path.join(dir, 'files')]
  await mkdir(files)
  await writeFile(path.join(files, 'name'), 'one')
  await run(['umoci', 'init', '--layout', image])
  await run(['umoci', 'new', '--image', `${image}:one`])
  await run(['umoci', 'insert', '--image', `${image}:one`, files, '/files'])
}

test('all commands of the page about workloads work in their order', async () => {
  await using top = await makeFolder()
  const dataDir = path.join(top.dir, 'data')
  await mkdir(dataDir)
  await using marina = await startMarina({ dataDir })
  await makeFiles(top.dir)
  await writeFile(path.join(top.dir, 'password'), marina.password!)
  const page = await readFile(path.join(root, 'docs/operate/workloads.md'), 'utf8')
  const blocks = [...page.matchAll(/^```sh\n([^]*?)^```$/gm)].map(([, commands]) => commands!)
  assert.equal(blocks.length, 5)
  const commands = `
    at=${marina.url}
    host=${marina.host}
    export HOME=${top.dir}
    marina() { '${process.execPath}' '${path.join(root, 'server/main.ts')}' "$@"; }\n`
  const script = [commands, ...blocks].join('\necho "== next"\n').replaceAll('http://$at', '$at')
  const { code, stdout, stderr } = await end(['bash', '-euo', 'pipefail', '-c', script], { cwd: top.dir })
  const said = `${stdout.slice(-3000)}\n${stderr.slice(-3000)}`
  assert.equal(code, 0, said)
  const [, made, tested, pushed, , gone] = stdout.split('== next\n')
  assert.match(made!, /builds +cluster\.example +kubernetes\.io\/namespace=ci/, said)
  assert.match(tested!, /builds +yes +team: repository:push repository:pull[^]*builds +no .*\nno rule takes it/, said)
  assert.match(pushed!, /not in this repository\n[^]*not in this project\n[^]*not with this token\n/, said)
  assert.match(gone!, /the rule is gone/, said)
  await marina.stop()
})
