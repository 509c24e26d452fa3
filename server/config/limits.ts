import { MiB, hour, minute, setting, size, time } from './setting.ts'
import { integer } from './units.ts'

/** What a client may send, and for how long it may take. */
export const limits = {
  tokenTtlMs: time({
    env: 'MARINA_TOKEN_TTL', path: 'limits.token_ttl', min: minute, max: 24 * hour, fallback: 30 * minute,
    help: 'how long a registry token is valid',
  }),
  uploadTtlMs: time({
    env: 'MARINA_UPLOAD_TTL', path: 'limits.upload_ttl', min: 1000, max: 8760 * hour, fallback: 168 * hour,
    help: 'an upload that gets no bytes for this long is removed',
  }),
  drainMs: time({
    env: 'MARINA_DRAIN', path: 'limits.drain', min: 0, max: hour, fallback: 30_000,
    help: 'how long running requests may finish after SIGTERM',
  }),
  signUps: setting({
    env: 'MARINA_SIGN_UPS', path: 'limits.sign_ups', parse: integer(0, 100_000), fallback: 10,
    help: 'accounts that one address may open for itself, where self_registration is on, without a pause of 15 minutes',
  }),
  idleTimeoutMs: time({
    env: 'MARINA_IDLE_TIMEOUT', path: 'limits.idle_timeout', min: 1000, max: hour, fallback: minute,
    help: 'a connection without traffic for this long is closed',
  }),
  headerTimeoutMs: time({
    env: 'MARINA_HEADER_TIMEOUT', path: 'limits.header_timeout', min: 1000, max: 10 * minute, fallback: 10_000,
    help: 'the headers of a request must arrive within this',
  }),
  headerBytes: size({
    env: 'MARINA_HEADER_BYTES', path: 'limits.header_bytes', min: 4096, max: MiB, fallback: 16 * 1024,
    help: 'all headers of a request together',
  }),
  manifestBytes: size({
    env: 'MARINA_MANIFEST_BYTES', path: 'limits.manifest_bytes', min: 4 * MiB, max: 64 * MiB, fallback: 4 * MiB,
    help: 'size of a manifest',
  }),
  bodyBytes: size({
    env: 'MARINA_BODY_BYTES', path: 'limits.body_bytes', min: 1024, max: 64 * MiB, fallback: MiB,
    help: 'size of a body of the REST API',
  }),
  blobBytes: size({
    env: 'MARINA_BLOB_BYTES', path: 'limits.blob_bytes', min: MiB, max: 2 ** 53 - 1, fallback: 256 * 2 ** 30,
    help: 'size of a blob',
  }),
  chunkMinBytes: size({
    env: 'MARINA_CHUNK_MIN_BYTES', path: 'limits.chunk_min_bytes', min: 0, max: 1024 * MiB, fallback: 0,
    help: 'least size of a chunk that clients are asked to send (OCI-Chunk-Min-Length); 0 asks for none, 5MiB on S3',
  }),
  pageSize: setting({
    env: 'MARINA_PAGE_SIZE', path: 'limits.page_size', parse: integer(1, 10_000), fallback: 1000,
    help: 'entries on a page of tags, catalog or referrers, also when a client asks for more',
  }),
}
