import { hour, MiB, minute, setting, size, time } from './setting.ts'
import { integer } from './units.ts'

const day = 24 * hour

/** The database of vulnerabilities of Marina's own matcher. */
export const vulndb = {
  staleMs: time({
    env: 'MARINA_VULNDB_STALE',
    path: 'vulndb.stale',
    min: hour,
    max: 3650 * day,
    fallback: 7 * day,
    help: 'how old the newest record of the database may be; after that, reports say that it is stale',
  }),
  timeoutMs: time({
    env: 'MARINA_VULNDB_TIMEOUT',
    path: 'vulndb.timeout',
    min: minute,
    max: 7 * day,
    fallback: 4 * hour,
    help: 'how long an import, or matching all images again, may take',
  }),
  unpackedBytes: size({
    env: 'MARINA_VULNDB_UNPACKED',
    path: 'vulndb.unpacked',
    min: MiB,
    max: 2 ** 50,
    fallback: 20 * 1024 * MiB,
    help: 'what all files of an import may unpack to; one of more is refused',
  }),
  fileBytes: size({
    env: 'MARINA_VULNDB_FILE',
    path: 'vulndb.file',
    min: MiB,
    max: 1024 * MiB,
    fallback: 64 * MiB,
    help: 'the largest file of an import, such as one record or a list of scores; it is read whole',
  }),
  files: setting({
    env: 'MARINA_VULNDB_FILES',
    path: 'vulndb.files',
    parse: integer(100, 100_000_000),
    fallback: 5_000_000,
    help: 'files of all archives of an import together; one of more is refused',
  }),
}
