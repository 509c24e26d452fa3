import { existsSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { openConnection } from '../connection.ts'
import { part, putManifest, putParts, type Part } from '../image.ts'
import { basic, startMarina, type Registry } from '../registries.ts'
import type { Row, Scenario } from '../scenario.ts'
import { output, type Scratch } from '../scratch.ts'

/** What `debootstrap --variant=minbase` makes; e2e/debian.ts keeps one. */
const root = process.env['BENCH_ROOT'] ?? path.resolve(import.meta.dirname, '../../.cache/debian-bookworm')
const syft = process.env['BENCH_SYFT']
const repository = 'library/app'
const headers = { authorization: basic, 'content-type': 'application/json' }

export const sbom: Scenario = {
  name: 'sbom',
  says:
    'from asking for the SBOM of an image to having it: a Debian root with Node.js in it that Marina has never seen, ' +
    'then a second image on the same base (BENCH_ROOT, a folder; BENCH_SYFT, a program to compare with)',
  roundsAtMost: 3,
  async run({ scratch, rounds, say }): Promise<Row[]> {
    if (!existsSync(root)) throw new Error(`there is no Debian root at ${root}: set BENCH_ROOT`)
    const marina = await startMarina(scratch)
    const [first, second, other]: number[][] = [[], [], []]
    for (let round = 1; round <= rounds; round++) {
      const base = await makeBase(scratch, round)
      await push(marina, `base${round}`, [base])
      await push(marina, `app${round}`, [base, await makeLayer(scratch, round)])
      first!.push(await timeOf(() => makeSbom(marina, `base${round}`)))
      second!.push(await timeOf(() => makeSbom(marina, `app${round}`)))
      if (syft) other!.push(await timeOf(await withSyft(scratch, marina, syft, round)))
      const mb = Math.round(base.size / 1e6)
      const [one, two] = [first!.at(-1)!.toFixed(2), second!.at(-1)!.toFixed(2)]
      say(`round ${round} of ${rounds}, ${mb} MB packed: ${one} s, then ${two} s`)
    }
    const beside = syft ? { against: { name: 'syft', values: other! } } : {}
    return [
      { what: 'SBOM of a Debian image', unit: 's', ours: first!, lessIsBetter: true, target: { most: 5 }, ...beside },
      { what: 'of a second one on its base', unit: 's', ours: second!, lessIsBetter: true, target: { most: 1 } },
    ]
  },
}

async function timeOf(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now()
  await work()
  return (performance.now() - started) / 1000
}

/** The root and Node.js as one layer, another in each round. */
async function makeBase(scratch: Scratch, round: number): Promise<Part> {
  const [extra, layer] = [scratch.path('extra'), scratch.path('base.tar.gz')]
  await mkdir(path.join(extra, 'usr/local/bin'), { recursive: true })
  await writeFile(path.join(extra, 'usr/local/round'), String(round))
  await output('cp', [process.execPath, path.join(extra, 'usr/local/bin/node')])
  await output('tar', ['-czf', layer, '-C', root, '.', '-C', extra, '.'])
  return part('application/vnd.oci.image.layer.v1.tar+gzip', await readFile(layer))
}

/** A small layer with an npm package. */
async function makeLayer(scratch: Scratch, round: number): Promise<Part> {
  const [folder, layer] = [scratch.path('app'), scratch.path('app.tar.gz')]
  const inside = path.join(folder, 'app/node_modules/x')
  await mkdir(inside, { recursive: true })
  await writeFile(path.join(inside, 'package.json'), JSON.stringify({ name: 'x', version: `${round}.0.0` }))
  await output('tar', ['-czf', layer, '-C', folder, '.'])
  return part('application/vnd.oci.image.layer.v1.tar+gzip', await readFile(layer))
}

async function push(marina: Registry, tag: string, layers: Part[]): Promise<void> {
  const config = part(
    'application/vnd.oci.image.config.v1+json',
    Buffer.from(JSON.stringify({ architecture: 'amd64', os: 'linux', rootfs: { type: 'layers', diff_ids: [] } })),
  )
  const described = ({ mediaType, digest, size }: Part) => ({ mediaType, digest, size })
  const manifest = {
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config: described(config),
    layers: layers.map(described),
  }
  const [connection, token] = [await openConnection(marina.port), await marina.token([repository])]
  await putParts(connection, token, repository, [config, ...layers])
  await putManifest(connection, token, repository, tag, Buffer.from(JSON.stringify(manifest)))
  connection.close()
}

/** Asks for an SBOM and waits until it is there. */
async function makeSbom({ port }: Registry, tag: string): Promise<void> {
  const image = `http://127.0.0.1:${port}/api/v2.0/projects/library/repositories/app/artifacts/${tag}`
  const asked = await fetch(`${image}/scan`, { method: 'POST', headers, body: '{"scan_type":"sbom"}' })
  if (asked.status !== 202) throw new Error(`no SBOM: ${asked.status} ${await asked.text()}`)
  for (;;) {
    const answer = await fetch(`${image}?with_sbom_overview=true`, { headers })
    const { sbom_overview: overview } = (await answer.json()) as { sbom_overview?: { scan_status: string } }
    if (overview?.scan_status === 'Success') return
    if (overview?.scan_status === 'Error') throw new Error('the SBOM ended in error')
    await sleep(10)
  }
}

/** The other program reads the same image from a folder; the copy to it is not measured. */
async function withSyft(
  scratch: Scratch,
  { port }: Registry,
  program: string,
  round: number,
): Promise<() => Promise<unknown>> {
  const folder = scratch.path(`oci${round}`)
  const from = `docker://127.0.0.1:${port}/${repository}:base${round}`
  await output('skopeo', ['copy', '--quiet', '--src-tls-verify=false', '--src-no-creds', from, `oci:${folder}:base`])
  return () => output(program, ['-q', `oci-dir:${folder}`, '-o', 'spdx-json'])
}
