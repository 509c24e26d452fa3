import { hour, MiB, minute, setting, size, time } from './setting.ts'
import { integer, list, oneOf } from './units.ts'

type Passing = 'none' | 'no_scanner' | 'no_database' | 'stale_database' | 'unknown_distribution'

/** How much of an image Marina reads to say what is in it (SBOMs). */
export const scanning = {
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
  gatePasses: setting<'MARINA_PULL_GATE_PASSES', Passing[]>({
    env: 'MARINA_PULL_GATE_PASSES',
    path: 'scanning.pull_gate_passes',
    parse: list(oneOf('none', 'no_scanner', 'no_database', 'stale_database', 'unknown_distribution')),
    fallback: ['no_scanner'],
    show: (all) => all.join(','),
    help: 'why an image may be pulled unproven where a project refuses vulnerabilities: reasons, or none',
  }),
}
