import { isAbsolute } from 'node:path'
import { hour, MiB, minute, optional, setting, size, time } from './setting.ts'
import { flag, integer, line, list, oneOf, url, type Parser } from './units.ts'

type Passing = 'none' | 'no_scanner' | 'no_database' | 'stale_database' | 'unknown_distribution'

/** An absolute path: a name alone would depend on PATH. */
const program: Parser<string> = (text) => {
  const path = line(text)
  if (!isAbsolute(path)) throw new Error('must be an absolute path')
  return path
}

/** How much of an image Marina reads to say what is in it (SBOMs), and what it takes from scanners. */
export const scanning = {
  scansAtOnce: setting({
    env: 'MARINA_SCANS_AT_ONCE',
    path: 'scanning.scans_at_once',
    parse: integer(1, 256),
    fallback: 4,
    help: 'images that one process has scanned for vulnerabilities at once; scanners share this number fairly',
  }),
  scanTimeoutMs: time({
    env: 'MARINA_SCAN_TIMEOUT',
    path: 'scanning.scan_timeout',
    min: 1000,
    max: 24 * hour,
    fallback: 30 * minute,
    help: 'how long a scanner may take from the beginning of a scan to its report',
  }),
  reportBytes: size({
    env: 'MARINA_SCAN_REPORT',
    path: 'scanning.scan_report',
    min: 64 * 1024,
    max: 512 * MiB,
    fallback: 64 * MiB,
    help: 'the largest report of a scanner; a larger one fails the scan',
  }),
  findings: setting({
    env: 'MARINA_SCAN_FINDINGS',
    path: 'scanning.scan_findings',
    parse: integer(100, 1_000_000),
    fallback: 100_000,
    help: 'vulnerabilities in one report; a report of more fails the scan',
  }),
  descriptionBytes: size({
    env: 'MARINA_SCAN_DESCRIPTION',
    path: 'scanning.scan_description',
    min: 1024,
    max: MiB,
    fallback: 64 * 1024,
    help: 'the description of one vulnerability; a longer one is cut',
  }),
  internalUrl: setting({
    env: 'MARINA_SCAN_INTERNAL_URL',
    path: 'scanning.internal_url',
    parse: optional(url('http', 'https')),
    fallback: undefined,
    help: 'where scanners with use_internal_addr pull images from; without it, the host and port of Marina itself',
  }),
  sbomsAtOnce: setting({
    env: 'MARINA_SBOM_AT_ONCE',
    path: 'scanning.sbom_at_once',
    parse: integer(1, 64),
    fallback: 1,
    help: 'SBOMs that one process makes at once, each in a thread of its own',
  }),
  timeoutMs: time({
    env: 'MARINA_SBOM_TIMEOUT',
    path: 'scanning.sbom_timeout',
    min: 1000,
    max: 24 * hour,
    fallback: 15 * minute,
    help: 'how long one SBOM may take',
  }),
  memoryBytes: size({
    env: 'MARINA_SBOM_MEMORY',
    path: 'scanning.sbom_memory',
    min: 32 * MiB,
    max: 16_384 * MiB,
    fallback: 512 * MiB,
    help: "memory for the objects of an SBOM's thread; an image that needs more gets no SBOM",
  }),
  unpackedBytes: size({
    env: 'MARINA_SBOM_UNPACKED',
    path: 'scanning.sbom_unpacked',
    min: MiB,
    max: 2 ** 50,
    fallback: 20 * 1024 * MiB,
    help: 'what all layers of an image, and the archives in them, may unpack to; an image of more gets no SBOM',
  }),
  ratio: setting({
    env: 'MARINA_SBOM_RATIO',
    path: 'scanning.sbom_ratio',
    parse: integer(10, 1_000_000),
    fallback: 1000,
    help: 'how many times its own size a layer may unpack to, beyond the first 16MiB',
  }),
  entries: setting({
    env: 'MARINA_SBOM_ENTRIES',
    path: 'scanning.sbom_entries',
    parse: integer(1000, 100_000_000),
    fallback: 2_000_000,
    help: 'files of all layers of an image together; an image of more gets no SBOM',
  }),
  depth: setting({
    env: 'MARINA_SBOM_DEPTH',
    path: 'scanning.sbom_depth',
    parse: integer(10, 2000),
    fallback: 100,
    help: 'folders within folders; an image of more gets no SBOM',
  }),
  fileBytes: size({
    env: 'MARINA_SBOM_FILE',
    path: 'scanning.sbom_file',
    min: MiB,
    max: 256 * MiB,
    fallback: 32 * MiB,
    help: 'the largest list of packages, or file of one package, that is read; it is read whole',
  }),
  largeFileBytes: size({
    env: 'MARINA_SBOM_LARGE_FILE',
    path: 'scanning.sbom_large_file',
    min: MiB,
    max: 16_384 * MiB,
    fallback: 512 * MiB,
    help: 'the largest program, Java archive or rpm database that is read; above 8MiB from a temporary file',
  }),
  packages: setting({
    env: 'MARINA_SBOM_PACKAGES',
    path: 'scanning.sbom_packages',
    parse: integer(100, 1_000_000),
    fallback: 100_000,
    help: 'packages of one image; an image of more gets no SBOM',
  }),
  trivy: setting({
    env: 'MARINA_TRIVY',
    path: 'scanning.trivy',
    parse: optional(program),
    fallback: undefined,
    help: 'the absolute path of a trivy on this machine, which then is a scanner to choose; without it, there is none',
  }),
  trivyCache: setting({
    env: 'MARINA_TRIVY_CACHE',
    path: 'scanning.trivy_cache',
    parse: optional(program),
    fallback: undefined,
    help: 'the absolute path of the folder of its database; without it, the folder trivy below MARINA_DATA_DIR',
  }),
  trivyDownloads: setting({
    env: 'MARINA_TRIVY_DOWNLOADS',
    path: 'scanning.trivy_downloads',
    parse: flag,
    fallback: false,
    help: 'whether trivy may fetch its database; it does so by itself, past the rules of outbound calls',
  }),
  trivyTimeoutMs: time({
    env: 'MARINA_TRIVY_TIMEOUT',
    path: 'scanning.trivy_timeout',
    min: 1000,
    max: hour,
    fallback: 5 * minute,
    help: 'how long trivy may take for one image',
  }),
  trivyMemoryBytes: size({
    env: 'MARINA_TRIVY_MEMORY',
    path: 'scanning.trivy_memory',
    min: 64 * MiB,
    max: 16_384 * MiB,
    fallback: 1024 * MiB,
    help: 'memory of trivy; where the system tells it (Linux), trivy is ended beyond it',
  }),
  scansQueued: setting({
    env: 'MARINA_SCAN_ALL_QUEUED',
    path: 'scanning.scan_all_queued',
    parse: integer(1, 100_000),
    fallback: 1000,
    help: 'images that a scan of all images puts into the queue at once; the others follow as these are done',
  }),
  gatePasses: setting<'MARINA_PULL_GATE_PASSES', Passing[]>({
    env: 'MARINA_PULL_GATE_PASSES',
    path: 'scanning.pull_gate_passes',
    parse: list(oneOf('none', 'no_scanner', 'no_database', 'stale_database', 'unknown_distribution')),
    fallback: ['no_scanner'],
    show: (all) => all.join(','),
    help: 'why an image may be pulled unproven where a project refuses vulnerabilities: reasons, or none',
  }),
}
