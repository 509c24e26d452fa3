/** A scan whose process is killed. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { pushImage } from './app-image.ts'
import { basic } from './http.ts'
import { makeFolder, startMarina } from './marina.ts'
import { startWorker } from './worker.ts'

test('a scan whose process is killed while its report is saved runs again, and nothing is there twice', async () => {
  await using top = await makeFolder()
  const dataDir = path.join(top.dir, 'data')
  await mkdir(dataDir)
  await using marina = await startMarina({
    dataDir,
    env: { MARINA_WORKERS: 'none', MARINA_OUTBOUND_ALLOW: '127.0.0.1' },
  })
  await using adapter = await openScanner()
  await pushImage(top.dir, marina)
  const headers = { ...basic(marina.password!), 'content-type': 'application/json' }
  const api = `${marina.url}/api/v2.0`
  const image = `${api}/projects/library/repositories/app/artifacts/1.0`
  const post = async (url: string, body: object) =>
    (await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) })).status
  assert.equal(await post(`${api}/scanners`, { name: 'probe', url: adapter.url }), 201)
  assert.equal(await post(`${image}/scan`, { scan_type: 'vulnerability' }), 202)

  const work = (env: NodeJS.ProcessEnv) => startWorker(dataDir, { MARINA_OUTBOUND_ALLOW: '127.0.0.1', ...env })
  assert.deepEqual(await once(work({ MARINA_FAILPOINTS: 'report.saved' }), 'exit'), [null, 'SIGKILL'])
  const worker = work({})
  const exited = once(worker, 'exit')
  try {
    let overview: Overview | undefined
    for (const end = performance.now() + 120_000; performance.now() < end && !isOver(overview); await sleep(100)) {
      const answer = await fetch(`${image}?with_scan_overview=true`, { headers })
      const { scan_overview: all = {} } = (await answer.json()) as { scan_overview?: Record<string, Overview> }
      overview = Object.values(all)[0]
    }
    assert.deepEqual([overview?.scan_status, overview?.summary?.total], ['Success', 1])
    assert.equal(adapter.count(), 2)
  } finally {
    worker.kill('SIGTERM')
  }
  assert.deepEqual(await exited, [0, null])
  await marina.stop()
})

/** A stand-in for a scanner that finds one vulnerability in every image. `count`: scans that were begun. */
async function openScanner() {
  let begun = 0
  const generic = 'application/vnd.security.vulnerability.report; version=1.1'
  const metadata = {
    scanner: { name: 'Probe', vendor: 'Tests', version: '1' },
    capabilities: [
      {
        type: 'vulnerability',
        consumes_mime_types: [
          'application/vnd.docker.distribution.manifest.v2+json',
          'application/vnd.oci.image.manifest.v1+json',
        ],
        produces_mime_types: [generic],
      },
    ],
  }
  const found = { id: 'CVE-1', package: 'base-files', version: '12.4', fix_version: '12.5', severity: 'High' }
  const server = createServer((request, response) => {
    const isBegin = request.method === 'POST'
    if (isBegin) begun++
    const isMetadata = request.url!.endsWith('/metadata')
    const answer = isBegin ? { id: String(begun) } : isMetadata ? metadata : { vulnerabilities: [found] }
    request.resume().on('end', () => response.writeHead(isBegin ? 202 : 200).end(JSON.stringify(answer)))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    count: () => begun,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
    },
  }
}

type Overview = { scan_status: string; summary?: { total: number } }
const isOver = (overview: Overview | undefined) => ['Success', 'Error', 'Stopped'].includes(overview?.scan_status ?? '')
