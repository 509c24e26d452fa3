import { setTimeout } from 'node:timers/promises'
import { Failure } from '../../../../platform/http/failure.ts'
import type { Outbound } from '../../../../platform/outbound/outbound.ts'
import type { NewScanner } from '../../rules.ts'
import {
  ScanRefused,
  type SbomReport,
  type ScannedImage,
  type Scanner,
  type ScannerDescription,
  type ScanRun,
  type VulnerabilityReport,
} from '../scanner.ts'
import { beginScan, readReport, ScanLost, ScannerAway, type ScanRequest } from './exchange.ts'
import { askMetadata, chooseReport, type Metadata } from './metadata.ts'
import { parseReport, type ReportBounds } from './report.ts'
import { parseSbomReport, spdxType } from './sbom-report.ts'

type AdapterRules = ReportBounds & {
  /** The longest time from the beginning of a scan to its report, in ms. */
  scanTimeoutMs: number
  /** Of one answer. */
  reportBytes: number
}

/** The credential of a task for the image's repository: a value of the header `Authorization`. */
export type IssueCredential = (image: ScannedImage, taskId: number, kind: 'Basic' | 'Bearer') => Promise<string>

export type AdapterGround = {
  outbound: Outbound
  rules: AdapterRules
  issueCredential: IssueCredential
  /** Told of what the scanner says of itself, at the beginning of each scan. */
  onMetadata?(metadata: Metadata): Promise<void>
  /** Where scanners pull images from: the address outside, and the one for `use_internal_addr`. */
  registryUrls: { external: string; internal: string }
}

type Begun = { id: string; image: ScannedImage; mimeType: string; metadata: Metadata; endsAt: number }

/** What a scanner is asked for, and how its answer is read. */
type Wish<Report> = {
  kind: 'vulnerability' | 'sbom'
  parameters: ScanRequest['enabled_capabilities'][number]['parameters']
  /** Of the request for the report. */
  query?: string
  /** Throws ScanRefused. */
  read(raw: Buffer, begun: Begun): Report
}

/** The property by which an adapter chooses its credential; Basic without it. */
const authorizationType = 'harbor.scanner-adapter/registry-authorization-type'
/** How often a scan is begun again that the scanner has lost. */
const mostBegun = 3
/** Failed looks in a row before the scan is given up. */
const mostFailed = 10

/** A scanner that is registered: it speaks the pluggable scanner API 1.0 to 1.2 and runs elsewhere. */
export const adapterScanner = (ground: AdapterGround, scanner: NewScanner): Scanner<VulnerabilityReport, Begun> =>
  askingFor(ground, scanner, {
    kind: 'vulnerability',
    parameters: null,
    read(raw, { mimeType, metadata }) {
      return { mimeType, scanner: descriptionOf(metadata), findings: parseReport(raw, ground.rules), raw }
    },
  })

/** The same scanner as a maker of SBOMs (pluggable scanner API 1.2, capability `sbom`). */
export const adapterSbomMaker = (ground: AdapterGround, scanner: NewScanner): Scanner<SbomReport, Begun> =>
  askingFor(ground, scanner, {
    kind: 'sbom',
    parameters: { sbom_media_types: [spdxType] },
    query: `?sbom_media_type=${encodeURIComponent(spdxType)}`,
    read: (raw) => ({ mediaType: spdxType, content: parseSbomReport(raw) }),
  })

/** Why a registered scanner cannot make the SBOM of an image of this type; undefined when it can. */
export async function sbomProblem(
  { outbound }: AdapterGround,
  scanner: NewScanner,
  mediaType: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  const chosen = chooseReport(await getMetadata(outbound, scanner, signal), 'sbom', mediaType)
  return 'problem' in chosen ? chosen.problem : undefined
}

function askingFor<Report>(ground: AdapterGround, scanner: NewScanner, wish: Wish<Report>): Scanner<Report, Begun> {
  const { outbound } = ground
  return {
    async describe() {
      return descriptionOf(await getMetadata(outbound, scanner))
    },
    start: (image, run) => begin(ground, scanner, wish, image, run),
    async report(begun, run) {
      let [scan, lost] = [begun, 1]
      for (;;) {
        try {
          return wish.read(await waitForReport(ground, scanner, { ...scan, query: wish.query ?? '' }, run), scan)
        } catch (error) {
          if (!(error instanceof ScanLost)) throw error
          if (lost++ === mostBegun) throw new ScanRefused(error.message, { cause: error })
          run.log(`${error.message}: it is begun again`, 'WARNING')
          scan = { ...(await begin(ground, scanner, wish, scan.image, run)), endsAt: scan.endsAt }
        }
      }
    },
  }
}

async function getMetadata(outbound: Outbound, scanner: NewScanner, signal?: AbortSignal): Promise<Metadata> {
  return askMetadata(outbound, scanner, signal).catch((error: unknown) => {
    throw error instanceof Failure ? new ScannerAway(error.message, { cause: error }) : error
  })
}

async function begin(
  { outbound, rules, issueCredential, registryUrls, onMetadata }: AdapterGround,
  scanner: NewScanner,
  { kind, parameters }: Pick<Wish<unknown>, 'kind' | 'parameters'>,
  image: ScannedImage,
  run: ScanRun,
): Promise<Begun> {
  const metadata = await getMetadata(outbound, scanner, run.signal)
  await onMetadata?.(metadata)
  const chosen = chooseReport(metadata, kind, image.mediaType)
  if ('problem' in chosen) throw new ScanRefused(chosen.problem)
  const login = metadata.properties?.[authorizationType] === 'Bearer' ? 'Bearer' : 'Basic'
  const { repository, tag, digest, mediaType, size } = image
  const request: ScanRequest = {
    registry: {
      url: scanner.usesInternalAddress ? registryUrls.internal : registryUrls.external,
      authorization: await issueCredential(image, run.taskId, login),
      insecure: false,
    },
    artifact: { repository, tag, digest, mime_type: mediaType, size },
    enabled_capabilities: [{ type: kind, produces_mime_types: [chosen.mimeType], parameters }],
  }
  const id = await beginScan(outbound, scanner, request, run.signal)
  const { name, version } = metadata.scanner
  run.log(`${name} ${version} has begun to scan ${repository}@${digest}; it pulls from ${request.registry.url}`)
  return { id, image, mimeType: chosen.mimeType, metadata, endsAt: performance.now() + rules.scanTimeoutMs }
}

/** Looks for the report until it is there. Throws ScanRefused when the scan takes too long or has failed. */
async function waitForReport(
  { outbound, rules }: AdapterGround,
  scanner: NewScanner,
  { id, mimeType, endsAt, query }: Begun & { query: string },
  { signal, log }: ScanRun,
): Promise<Buffer> {
  let failed = 0
  for (let pauseMs = pauseOf(1); ;) {
    const leftMs = endsAt - performance.now()
    if (leftMs <= 0) throw new ScanRefused(`the scanner had no report after ${rules.scanTimeoutMs / 1000} s`)
    await setTimeout(Math.min(pauseMs, leftMs), undefined, { signal }).catch(() => signal.throwIfAborted())
    try {
      const look = await readReport(outbound, scanner, { id, mimeType, query, mostBytes: rules.reportBytes }, signal)
      if ('content' in look) return look.content
      failed = 0
      pauseMs = pauseOf(look.after)
    } catch (error) {
      if (!(error instanceof ScannerAway)) throw error
      if (++failed === mostFailed) throw new ScanRefused(error.message, { cause: error })
      log(`${error.message}: it is asked again`, 'WARNING')
      pauseMs = pauseOf(failed)
    }
  }
}

/** Seconds as a scanner says them, 1 to 120, 5 without a word, with up to a fifth more; in ms. */
function pauseOf(seconds: number | undefined): number {
  return Math.min(Math.max(seconds ?? 5, 1), 120) * 1000 * (1 + Math.random() / 5)
}

function descriptionOf({ scanner: { name, vendor = '', version = '' } }: Metadata): ScannerDescription {
  return { name, vendor, version }
}
