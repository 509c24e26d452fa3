import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseManifest, type Descriptor } from '../../../../../oci/manifest.ts'
import { openScratch } from '../../../../platform/scratch.ts'
import { hasInventory } from '../../matcher/packages/store.ts'
import { reportType } from '../../matcher/own-scanner.ts'
import { reportTypes, type Metadata } from '../adapter/metadata.ts'
import type { ReportBounds } from '../adapter/report.ts'
import { InventoryRefused } from '../../inventory/bounds.ts'
import type { ReportState } from '../../reports/finding.ts'
import { readInventory, type OwnGround } from '../own.ts'
import { ScanRefused, type ScannedImage, type Scanner, type VulnerabilityReport } from '../scanner.ts'
import { documentOf } from './document.ts'
import { parseTrivyReport, parseTrivyVersion, type TrivyVersion } from './report.ts'
import { runBounded, type RunBounds } from './run.ts'

/** How a Trivy on this machine is run. `cacheDir`: the folder of its database. */
export type TrivyRules = Pick<RunBounds, 'timeoutMs' | 'memoryBytes'> & {
  program: string
  cacheDir: string
  /** Whether it may fetch its database. */
  mayDownload: boolean
  staleMs: number
}
type Bounds = ReportBounds & { reportBytes: number }
type Lent = OwnGround & { rules: OwnGround['rules'] & Bounds; trivy: TrivyRules }
type Ticket = { image: ScannedImage; layers: Descriptor[] }

const vendor = 'Aqua Security'

/** A Trivy that an administrator has put on this machine: it is given the packages that Marina knows, and no image. */
export function localTrivy(lent: Lent): Scanner<VulnerabilityReport, Ticket> {
  const { db, registry, trivy } = lent
  return {
    async describe() {
      return describe(await askVersion(trivy))
    },
    async start(image) {
      const { content, mediaType } = await registry.readManifest(image.repository, { digest: image.digest })
      return { image, layers: parseManifest(content, mediaType).layers }
    },
    async report({ image, layers }, run) {
      const known = await readKnown(lent, image, layers, run)
      await using scratch = await openScratch('trivy')
      const file = join(scratch.path, 'image.cdx.json')
      await writeFile(file, known.content, { mode: 0o600 })
      const raw = await runTrivy(trivy, scratch.path, ['sbom', ...flagsOf(trivy), file], lent.rules, run.signal)
      const { findings, knowsSystem } = parseTrivyReport(raw, lent.rules)
      const version = await askVersion(trivy, run.signal)
      const state = stateOf(version, trivy, known.hasSystem && !knowsSystem)
      if (state !== 'ok') run.log(`what is not found is no proof: ${state}`, 'WARNING')
      return { mimeType: reportType, scanner: describe(version), findings, state }
    },
  }

  async function readKnown(
    ground: Lent,
    image: ScannedImage,
    layers: Descriptor[],
    run: Parameters<Scanner<VulnerabilityReport, Ticket>['report']>[1],
  ) {
    try {
      if (!(await hasInventory(db, image.id))) await readInventory(ground, image, layers, run)
    } catch (error) {
      throw error instanceof InventoryRefused ? new ScanRefused(error.message, { cause: error }) : error
    }
    const known = await documentOf(db, image.id)
    if (!known) throw new ScanRefused('the image was deleted')
    return known
  }
}

const describe = ({ version }: TrivyVersion) => ({ name: 'Trivy', vendor, version })

/** Without the right to download, nothing is asked of the network; then there has to be a database already. */
const flagsOf = ({ mayDownload, timeoutMs }: TrivyRules): string[] => [
  '--format',
  'json',
  '--quiet',
  // It has a limit of its own, which would come first.
  '--timeout',
  `${Math.ceil(timeoutMs / 1000) + 60}s`,
  ...(mayDownload ? [] : ['--skip-db-update', '--skip-java-db-update', '--offline-scan']),
]

async function runTrivy(
  { program, cacheDir, mayDownload, timeoutMs, memoryBytes }: TrivyRules,
  folder: string,
  args: string[],
  { reportBytes }: Pick<Bounds, 'reportBytes'>,
  signal?: AbortSignal,
): Promise<Buffer> {
  await mkdir(cacheDir, { recursive: true, mode: 0o700 })
  const bounds = { timeoutMs, memoryBytes, outputBytes: reportBytes }
  const all = [...args.slice(0, 1), '--cache-dir', cacheDir, ...args.slice(1)]
  const env = { ...silent, ...(mayDownload ? proxies() : {}) }
  return runBounded({ program, args: all, folder, env, bounds }, signal)
}

/** It asks nobody whether there is a newer version, and tells nobody that it runs. Older versions know neither. */
const silent = { TRIVY_SKIP_VERSION_CHECK: 'true', TRIVY_DISABLE_TELEMETRY: 'true' }

/** Where the program may download, it uses the same proxies as others on this machine. */
function proxies(): Record<string, string> {
  const names = ['HTTPS_PROXY', 'HTTP_PROXY', 'NO_PROXY', 'https_proxy', 'http_proxy', 'no_proxy', 'PATH']
  return Object.fromEntries(names.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])))
}

const versionBytes = 64 * 1024

async function askVersion(rules: TrivyRules, signal?: AbortSignal): Promise<TrivyVersion> {
  await using scratch = await openScratch('trivy')
  const args = ['version', '--format', 'json']
  return parseTrivyVersion(await runTrivy(rules, scratch.path, args, { reportBytes: versionBytes }, signal))
}

function stateOf({ dataAt }: TrivyVersion, { staleMs }: TrivyRules, isUnknown: boolean): ReportState {
  if (!dataAt) return 'no_database'
  if (isUnknown) return 'unknown_distribution'
  return Date.now() - Number(dataAt) > staleMs ? 'stale_database' : 'ok'
}

/** What the program says of itself, as a scanner that is asked by HTTP would. Throws ScanRefused. */
export async function trivyMetadata(rules: TrivyRules): Promise<Metadata> {
  const { version, dataAt } = await askVersion(rules)
  const consumed = [
    'application/vnd.oci.image.manifest.v1+json',
    'application/vnd.docker.distribution.manifest.v2+json',
  ]
  return {
    scanner: describe({ version, dataAt }),
    capabilities: [
      { type: 'vulnerability', consumes_mime_types: consumed, produces_mime_types: [reportTypes.generic] },
    ],
    properties: {
      'harbor.scanner-adapter/scanner-type': 'os-package-vulnerability',
      ...(dataAt ? { 'harbor.scanner-adapter/vulnerability-database-updated-at': dataAt.toISOString() } : {}),
    },
  }
}
