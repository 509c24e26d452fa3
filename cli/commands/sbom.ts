import type { Static } from 'typebox'
import { ApiError } from '../../api/client.ts'
import * as artifacts from '../../api/artifacts.ts'
import * as api from '../../api/scans.ts'
import { lastLine } from '../lib/last-line.ts'
import { artifactName, parseArtifact } from '../lib/names.ts'
import { exitCodes, Problem, wrongUsage } from '../lib/problem.ts'
import type { Call, Verb } from '../lib/verb.ts'
import { isOver, watch } from '../lib/watch.ts'
import { artifact } from './artifacts.ts'

type Artifact = Static<typeof artifacts.Artifact>
type Given = { artifact: string; format: 'spdx' | 'cyclonedx'; platform?: string; again?: true }
type Params = ReturnType<typeof parseArtifact>

export const sbom: Omit<Verb<Given>, 'name' | 'about'> = {
  arguments: [artifact],
  options: [
    { flags: '--format <name>', about: 'of the document', choices: ['spdx', 'cyclonedx'], fallback: 'spdx' },
    { flags: '--platform <os/arch>', about: 'which image of an index, such as linux/arm64' },
    { flags: '--again', about: 'make it anew, also when there is one' },
  ],
  examples: [
    ['marina sbom team/app:1.0 > app.spdx.json', 'SPDX 2.3; it is made first when there is none yet'],
    ['marina sbom team/app:1.0 --format cyclonedx', 'CycloneDX 1.6'],
    ['marina sbom team/app:1.0 --platform linux/arm64', 'of one image of an index'],
  ],
  async run({ artifact: name, format, platform, again }, call) {
    const params = await chooseImage(parseArtifact(name), platform, call)
    const read = () => call.client(api.getSbom, { params, query: { format } })
    const known = again ? undefined : await read().catch(unlessAbsent)
    call.out.text((known ?? (await makeAnd(read, params, call))).body)
  },
}

/** The image itself, or that of an index for the platform; of an index of one image, that one. */
export async function chooseImage(params: Params, platform: string | undefined, { client }: Call): Promise<Params> {
  const { body } = await client(artifacts.getArtifact, { params })
  const images = (body.references ?? []).filter((one) => nameOf(one) !== 'unknown/unknown')
  if (images.length === 0) return params
  const names = images.map(nameOf)
  const wanted = images.filter((one) => platform === undefined || isCalled(nameOf(one), platform))
  if (wanted.length === 1) return { ...params, reference: wanted[0]!.child_digest }
  if (platform === undefined)
    throw wrongUsage('this is an index of several images', `--platform with one of ${names.join(', ')}`)
  throw new Problem(`there is no image for ${platform} in it`, { exitCode: exitCodes.absent, wayOut: names.join(', ') })
}

const nameOf = ({ platform }: NonNullable<Artifact['references']>[number]): string =>
  [platform?.os, platform?.architecture, platform?.variant].filter(Boolean).join('/')
const isCalled = (name: string, wanted: string) => name === wanted || name.startsWith(`${wanted}/`)

/** Asks for the SBOM, waits until it is made, and reads it. One that is being made already is waited for. */
export async function makeAnd<Result>(read: () => Promise<Result>, params: Params, { client }: Call): Promise<Result> {
  await client(api.scanArtifact, { params, body: { scan_type: 'sbom' } }).catch((error: unknown) => {
    if (!(error instanceof ApiError && error.status === 409)) throw error
  })
  const { status, reportId } = await watch({
    name: 'sbom',
    hint: 'the SBOM is still being made: the same command shows it later',
    async read() {
      const { body } = await client(artifacts.getArtifact, { params, query: { with_sbom_overview: true } })
      const { scan_status: status = 'Pending', report_id: reportId } = body.sbom_overview ?? {}
      return { status, reportId }
    },
    isOver: (row) => isOver(row.status),
    step: (row) => ({ done: 0, total: undefined, text: row.status.toLowerCase() }),
  })
  if (status === 'Success') return read()
  const log = reportId ? await client(api.getReportLog, { params: { ...params, report_id: reportId } }) : undefined
  const name = artifactName(`${params.project_name}/${params.repository_name}`, params.reference)
  throw new Problem(`no SBOM was made of ${name}: ${lastLine(log?.body ?? status)}`)
}

function unlessAbsent(error: unknown): undefined {
  if (error instanceof ApiError && error.status === 404) return undefined
  throw error
}
