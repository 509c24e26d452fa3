import type { Static } from 'typebox'
import { ApiError } from '../../api/client.ts'
import * as api from '../../api/packages.ts'
import { parseArtifact } from '../lib/names.ts'
import type { Shape } from '../lib/output.ts'
import { Problem, wrongUsage } from '../lib/problem.ts'
import { count } from '../lib/text.ts'
import type { Call, Verb } from '../lib/verb.ts'
import { artifact } from './artifacts.ts'
import { chooseImage, makeAnd } from './sbom.ts'

type Image = Static<typeof api.MatchedImage>
type Vulnerability = Image['vulnerabilities'][number]
type Given = { artifact: string; platform?: string; failOn?: string; allowUnknown?: true; all?: true }

/** From the worst on; the words of reports. */
const words = ['critical', 'high', 'medium', 'low', 'negligible', 'unknown'] as const

const shape: Shape<Vulnerability> = {
  kind: 'vulnerability',
  name: ({ id }) => id,
  columns: [
    {
      name: 'severity',
      of: ({ severity }) => severity,
      style: ({ severity }) => (/^(?:Critical|High)$/.test(severity) ? 'bad' : undefined),
    },
    { name: 'id', of: ({ id }) => id },
    { name: 'package', of: (row) => row.package, shrinks: true },
    { name: 'version', of: ({ version }) => version },
    { name: 'fixed in', of: (row) => row.fix_version || '-' },
    { name: 'cvss', of: (row) => row.cvss_v3 },
    { name: 'epss', of: (row) => (row.epss === undefined ? undefined : `${(row.epss * 100).toFixed(1)} %`) },
    { name: 'in use', of: (row) => (row.is_exploited ? 'yes' : '') },
    { name: 'suppressed', of: ({ suppressed }) => suppressed, shrinks: true },
  ],
}

export const vuln: Omit<Verb<Given>, 'name' | 'about'> = {
  arguments: [artifact],
  options: [
    { flags: '--platform <os/arch>', about: 'which image of an index, such as linux/arm64' },
    {
      flags: '--fail-on <severity>',
      about: 'end with 1 when one is as bad as this, or when nothing can be said',
      choices: words,
    },
    { flags: '--allow-unknown', about: 'with --fail-on: no failure where nothing can be said' },
    { flags: '--all', about: 'also what statements of vendors take away, with their reasons' },
  ],
  examples: [
    ['marina vuln team/app:1.0', 'its vulnerabilities, the worst first; it is looked into first when it was not yet'],
    ['marina vuln team/app:1.0 --fail-on high', 'for pipelines: ends with 1 for High and Critical'],
    ['marina vuln team/app:1.0 -o json', 'all that is known of each'],
  ],
  async run({ artifact: name, platform, failOn, allowUnknown, all }, call) {
    if (allowUnknown && failOn === undefined) throw wrongUsage('--allow-unknown goes with --fail-on')
    const params = await chooseImage(parseArtifact(name), platform, call)
    const read = async () => (await call.client(api.listVulnerabilitiesOfArtifact, { params })).body
    const image = (await read().catch(unlessUnknown)) ?? (await makeAnd(read, params, call))
    const shown = all ? image.vulnerabilities : image.vulnerabilities.filter(isCounted)
    await print(call, image, shown)
    for (const note of image.notes) call.out.remark(note)
    if (failOn !== undefined) judge(image, failOn, allowUnknown === true)
  },
}

/** Programs read all that is known, also what nothing is claimed of. */
async function print({ out }: Call, image: Image, shown: Vulnerability[]): Promise<void> {
  if (out.format === 'table' || out.format === 'name') return out.rows(shape, shown)
  await out.row({ kind: 'image', name: ({ state }: Image) => state, columns: [] }, { ...image, vulnerabilities: shown })
}

const isCounted = ({ suppressed }: Vulnerability) => suppressed === undefined

/** Throws Problem for what must not go on. */
function judge({ vulnerabilities, state, packages }: Image, failOn: string, allowsUnknown: boolean): void {
  const bad = words.slice(0, words.indexOf(failOn as (typeof words)[number]) + 1)
  const found = vulnerabilities.filter((one) => isCounted(one) && bad.includes(one.severity.toLowerCase() as never))
  if (found.length > 0) throw new Problem(`${count(found.length, 'vulnerability')} as bad as ${failOn} or worse`)
  if (state !== 'ok' && !allowsUnknown)
    throw new Problem(
      `nothing found among ${count(packages, 'package')}, but that is no proof: ${state.replace('_', ' ')}`,
      {
        wayOut: '--allow-unknown lets it pass',
      },
    )
}

/** The packages of the image are not known yet. */
function unlessUnknown(error: unknown): undefined {
  if (error instanceof ApiError && error.status === 412) return undefined
  throw error
}
