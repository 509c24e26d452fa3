/** The page about preheating, command by command, with a stand-in for a Dragonfly manager. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdir, readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { test } from 'node:test'
import { pushImage, type Place } from './copies.ts'
import { basic } from './http.ts'
import { end, makeFolder, root, startMarina } from './marina.ts'

type Job = { url: string; scope: string; authorization: string; service: string; pulled?: number }

/** A manager that pulls the manifest of a job before it says that the job has succeeded. */
async function openManager(marinaUrl: () => string) {
  const jobs: Job[] = []
  const server = createServer((request, response) => {
    void (async () => {
      const body = Buffer.concat((await request.toArray()) as Buffer[]).toString()
      const say = (value: object) =>
        response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value))
      if (request.url === '/healthy') return response.end('OK')
      if (request.method === 'POST') {
        const { args } = JSON.parse(body) as {
          args: { url: string; scope: string; headers: { Authorization: string } }
        }
        const service = request.headers.authorization ?? ''
        jobs.push({ url: args.url, scope: args.scope, authorization: args.headers.Authorization, service })
        return say({ id: jobs.length, state: 'PENDING' })
      }
      const job = jobs[Number(/\d+$/.exec(request.url!)![0]) - 1]!
      const { pathname } = new URL(job.url)
      const accept = 'application/vnd.oci.image.manifest.v1+json'
      const headers = { authorization: job.authorization, accept }
      job.pulled = (await fetch(marinaUrl() + pathname, { headers })).status
      return say({ id: 1, state: job.pulled === 200 ? 'SUCCESS' : 'FAILURE' })
    })()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    jobs,
    [Symbol.dispose]() {
      server.closeAllConnections()
      server.close()
    },
  }
}

test('all commands of the page about preheating work in their order', async () => {
  await using top = await makeFolder()
  const dataDir = path.join(top.dir, 'data')
  await mkdir(dataDir)
  const settings = { MARINA_OUTBOUND_ALLOW: '127.0.0.1', MARINA_PREHEAT_POLL: '100ms' }
  await using marina = await startMarina({ dataDir, env: settings })
  using manager = await openManager(() => marina.url)
  const here: Place = { url: marina.url, headers: basic(marina.password!) }
  await pushImage(here, 'library/app', {}, '1.0')
  await pushImage(here, 'library/app', {}, 'test')
  const page = await readFile(path.join(root, 'docs/operate/preheat.md'), 'utf8')
  const blocks = [...page.matchAll(/^```sh\n([^]*?)^```$/gm)].map(([, commands]) => commands!).slice(1)
  assert.equal(blocks.length, 3)
  const known = `at=${marina.host}\nadmin='admin:${marina.password!}'\nmanager=${manager.url}\ntoken=personal\n`
  const script = [known, ...blocks].join('\necho; echo "== next"\n')
  const { code, stdout, stderr } = await end(['bash', '-euo', 'pipefail', '-c', script], { cwd: top.dir })
  assert.equal(code, 0, `${stdout.slice(-3000)}\n${stderr.slice(-3000)}`)
  const said = stdout.split(/^== next\n/m).slice(1)
  assert.match(said[1]!, /"preheat":1,"skip":0,"images":\[\{"repository":"library\/app","tag":"1\.0"/)
  assert.match(said[2]!, /"status":"Success"[^]*"success_task_count":1[^]*Preheating is completed/)
  assert.deepEqual(
    manager.jobs.map(({ scope, service, pulled }) => [scope, service, pulled]),
    [['all_seed_peers', 'Bearer personal', 200]],
  )
  await marina.stop()
})
