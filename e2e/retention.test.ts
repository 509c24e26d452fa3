/** docs/operate/retention.md, command by command; and the agent that reports what a cluster runs. */
import assert from 'node:assert/strict'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { test } from 'node:test'
import { smallImage } from './image.ts'
import { end, makeFolder, root, startMarina } from './marina.ts'

test('all commands of the page about retention work in their order', async () => {
  await using top = await makeFolder()
  const dataDir = path.join(top.dir, 'data')
  await mkdir(dataDir)
  await using marina = await startMarina({ dataDir })
  const image = await smallImage(path.join(top.dir, 'one'), 'one')
  const page = await readFile(path.join(root, 'docs/operate/retention.md'), 'utf8')
  const [, ...blocks] = [...page.matchAll(/^```sh\n([^]*?)^```$/gm)].map(([, commands]) => commands!)
  const marked = blocks.map((block, place) => `echo; echo "== ${place}"\n${block}`).join('\n')
  const program = `marina() { '${process.execPath}' '${path.join(root, 'server/main.ts')}' "$@"; }`
  const script = `at=${marina.host}\nadmin='admin:${marina.password!}'\nimage=${image.source}\n${program}\n${marked}`
  const login = {
    MARINA_CLI_URL: `http://${marina.host}`,
    MARINA_CLI_USERNAME: 'admin',
    MARINA_CLI_PASSWORD: marina.password!,
  }
  const { code, stdout, stderr } = await end(['bash', '-euo', 'pipefail', '-c', script], { cwd: top.dir, env: login })
  assert.equal(code, 0, `${stdout.slice(-3000)}\n${stderr.slice(-3000)}`)
  const said = stdout.split(/^== \d\n/m).slice(1)
  const inOrder = [
    /^[^]*$/,
    /"dropped_artifacts":0,"dropped_tags":2\},"share":50,"ask_above":50/,
    /"kept":false[^]*"name":"the rest"[^]*"kept":true[^]*"name":"releases"/,
    /"status":"Success"[^]*Run retention process. Repository: library\/app[^]*\| v1\.0\.0 .* \| DEL /,
    /"status":"Success","restored":2,"failed":0,"restorable":0[^]*"name":"v1.0.0"/,
    /2 deletions can be taken back[^]*\d+ +Success +no +manual[^]*restored 2 deletions of run \d+/,
    /"name":"teams"[^]*"projects":\[\{"pattern":"team-\*"/,
    /"kept":1[^]*"passed_over":\[\][^]*"cluster":"production","repository_name":"library\/app"/,
  ]
  assert.equal(said.length, inOrder.length)
  inOrder.forEach((wanted, place) => assert.match(said[place]!, wanted, `block ${place}: ${said[place]}`))
  await marina.stop()
})

test('the agent reports the images of all pods of a cluster, page by page', async () => {
  await using top = await makeFolder()
  const dataDir = path.join(top.dir, 'data')
  await mkdir(dataDir)
  await using marina = await startMarina({ dataDir })
  const image = await smallImage(path.join(top.dir, 'one'), 'one')
  const credentials = `admin:${marina.password!}`
  const copied = await end([
    'skopeo',
    'copy',
    '--dest-tls-verify=false',
    '--dest-creds',
    credentials,
    image.source,
    `docker://${marina.host}/library/app:v1`,
  ])
  assert.equal(copied.code, 0, copied.stderr)
  const authorization = `Basic ${Buffer.from(credentials).toString('base64')}`
  const ask = async (at: string) =>
    (await fetch(`http://${marina.host}/api/v2.0${at}`, { headers: { authorization } })).json()
  const { digest } = (await ask('/projects/library/repositories/app/artifacts/v1')) as { digest: string }
  const named = `${marina.host}/library/app@${digest}`
  const pod = (name: string, imageID: string) => ({
    metadata: { namespace: 'default', name, ownerReferences: [{ name: 'web' }] },
    status: { containerStatuses: [{ image: 'library/app:v1', imageID }] },
  })
  await using kubernetes = await openKubernetes([
    [pod('a', `docker-pullable://${named}`), pod('b', 'docker.io/library/other@sha256:' + '0'.repeat(64))],
    [pod('c', named), { metadata: { namespace: 'x', name: 'pending' } }],
  ])
  const tokenFile = path.join(top.dir, 'token')
  await writeFile(tokenFile, 'the-token\n')
  const env = {
    MARINA_URL: `http://${marina.host}`,
    MARINA_USER: 'admin',
    MARINA_PASSWORD: marina.password!,
    MARINA_CLUSTER: 'production',
    KUBERNETES_URL: kubernetes.url,
    KUBERNETES_TOKEN_FILE: tokenFile,
  }
  const run = (more: Record<string, string> = {}) =>
    end([process.execPath, path.join(root, 'deploy/report-deployments.ts')], { cwd: top.dir, env: { ...env, ...more } })
  const { code, stdout, stderr } = await run()
  assert.deepEqual([code, stdout], [0, '1 images are kept\n'], stderr)
  assert.deepEqual(kubernetes.asked, ['', 'page-1'])
  const running = (await ask('/projects/library/deployments')) as { digest: string; workload: string }[]
  assert.deepEqual(
    running.map((one) => [one.digest, one.workload]),
    [[digest, 'default/web']],
  )
  const refused = await run({ MARINA_PASSWORD: 'wrong' })
  assert.equal(refused.code, 1)
  assert.match(refused.stderr, /nothing was reported: Marina answered 401/)
  await marina.stop()
})

/** A stand-in of the Kubernetes API: lists of pods with a token, in pages by `continue`, as its documentation says. */
async function openKubernetes(pages: object[][]): Promise<{ url: string; asked: string[] } & AsyncDisposable> {
  const asked: string[] = []
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url!, 'http://kubernetes')
    const next = searchParams.get('continue') ?? ''
    if (request.headers.authorization !== 'Bearer the-token' || pathname !== '/api/v1/pods')
      return void response.writeHead(403).end()
    asked.push(next)
    const place = next === '' ? 0 : Number(next.slice('page-'.length))
    const more = place + 1 < pages.length ? { continue: `page-${place + 1}` } : {}
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ kind: 'PodList', metadata: more, items: pages[place] }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
