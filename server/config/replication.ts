import { MiB, minute, setting, size, time } from './setting.ts'
import { integer } from './units.ts'

/** Copies from and to other registries. */
export const replication = {
  atOnce: setting({
    env: 'MARINA_REPLICATION_AT_ONCE',
    path: 'replication.at_once',
    parse: integer(1, 100),
    fallback: 10,
    help: 'repositories that one process copies at once; other registries share them fairly',
  }),
  tagsAtOnce: setting({
    env: 'MARINA_REPLICATION_TAGS_AT_ONCE',
    path: 'replication.tags_at_once',
    parse: integer(1, 50),
    fallback: 4,
    help: 'artifacts of one repository that are copied at once',
  }),
  blobsAtOnce: setting({
    env: 'MARINA_REPLICATION_BLOBS_AT_ONCE',
    path: 'replication.blobs_at_once',
    parse: integer(1, 50),
    fallback: 4,
    help: 'blobs of one repository that are sent at once',
  }),
  deletionPercent: setting({
    env: 'MARINA_REPLICATION_DELETION_PERCENT',
    path: 'replication.deletion_percent',
    parse: integer(0, 100),
    fallback: 25,
    help: 'a policy with deletion that would delete a larger share of the tags at its target deletes nothing and fails',
  }),
  blobTries: setting({
    env: 'MARINA_REPLICATION_BLOB_TRIES',
    path: 'replication.blob_tries',
    parse: integer(1, 20),
    fallback: 5,
    help: 'how often a blob is tried before its task fails; each try goes on from the byte that arrived',
  }),
  blobBackOffMs: time({
    env: 'MARINA_REPLICATION_BLOB_BACK_OFF',
    path: 'replication.blob_back_off',
    min: 1,
    max: 10 * minute,
    fallback: 2000,
    help: 'pause after a try of a blob that failed; doubles with each in a row',
  }),
  chunkBytes: size({
    env: 'MARINA_REPLICATION_CHUNK',
    path: 'replication.chunk',
    min: 64 * 1024,
    max: 1024 * MiB,
    fallback: 10 * MiB,
    help: 'size of the requests in which a policy with copy_by_chunk sends a blob',
  }),
}
