import { MiB, minute, optional, setting, size, time } from './setting.ts'
import { flag, line, oneOf, url } from './units.ts'

/** Where the bytes of blobs are kept. */
export const storage = {
  driver: setting({
    env: 'MARINA_STORAGE',
    path: 'storage.driver',
    parse: oneOf('filesystem', 's3'),
    fallback: 'filesystem',
    help: 'where blobs are kept: filesystem or s3',
  }),
  root: setting({
    env: 'MARINA_STORAGE_ROOT',
    path: 'storage.root',
    parse: optional(line),
    fallback: undefined,
    help: 'folder of the filesystem driver; <data_dir>/storage when absent',
  }),
  unsyncedLargest: size({
    env: 'MARINA_STORAGE_UNSYNCED_LARGEST',
    path: 'storage.unsynced_largest',
    min: 0,
    max: 1 * MiB,
    fallback: MiB / 16,
    help:
      'filesystem driver: the largest blob whose bytes the database keeps until its file is synced, so that the push ' +
      'need not wait for that; 0 switches it off',
  }),
  unsyncedBytes: size({
    env: 'MARINA_STORAGE_UNSYNCED_BYTES',
    path: 'storage.unsynced_bytes',
    min: 0,
    max: 4096 * MiB,
    fallback: 64 * MiB,
    help: 'the most that the database keeps of such blobs, each counting 1 KiB more; beyond it pushes wait for syncs',
  }),
  unsyncedDelayMs: time({
    env: 'MARINA_STORAGE_UNSYNCED_DELAY',
    path: 'storage.unsynced_delay',
    min: 0,
    max: 60 * minute,
    fallback: 40_000,
    help: 'how long such a file waits for its sync; Linux has usually written it by itself after 35 s',
  }),
}

/** The bucket of the s3 driver. */
export const s3 = {
  endpoint: setting({
    env: 'MARINA_S3_ENDPOINT',
    path: 's3.endpoint',
    parse: optional(url('http', 'https')),
    fallback: undefined,
    help: 'URL of an S3 service other than AWS',
  }),
  region: setting({
    env: 'MARINA_S3_REGION',
    path: 's3.region',
    parse: line,
    fallback: 'us-east-1',
    help: 'region of the bucket',
  }),
  bucket: setting({
    env: 'MARINA_S3_BUCKET',
    path: 's3.bucket',
    parse: optional(line),
    fallback: undefined,
    help: 'bucket; it must exist',
  }),
  prefix: setting({
    env: 'MARINA_S3_PREFIX',
    path: 's3.prefix',
    parse: optional(line),
    fallback: undefined,
    help: 'put before every key in the bucket',
  }),
  accessKey: setting({
    env: 'MARINA_S3_ACCESS_KEY',
    path: 's3.access_key',
    parse: optional(line),
    fallback: undefined,
    secret: true,
    help: 'access key id',
  }),
  secretKey: setting({
    env: 'MARINA_S3_SECRET_KEY',
    path: 's3.secret_key',
    parse: optional(line),
    fallback: undefined,
    secret: true,
    help: 'secret access key',
  }),
  pathStyle: setting({
    env: 'MARINA_S3_PATH_STYLE',
    path: 's3.path_style',
    parse: flag,
    fallback: true,
    help: 'address the bucket in the path instead of the host name',
  }),
  redirect: setting({
    env: 'MARINA_S3_REDIRECT',
    path: 's3.redirect',
    parse: flag,
    fallback: false,
    help: 'send clients to presigned URLs for blobs instead of passing the bytes through',
  }),
  partBytes: size({
    env: 'MARINA_S3_PART_SIZE',
    path: 's3.part_size',
    min: 5 * MiB,
    max: 512 * MiB,
    fallback: 8 * MiB,
    help: 'size of a part of a multipart upload, and of the buffer each upload needs',
  }),
}
