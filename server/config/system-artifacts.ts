import { hour, size, time } from './setting.ts'

/** Reports and other data that one part of Marina leaves for another. */
export const systemArtifacts = {
  ttlMs: time({
    env: 'MARINA_SYSTEM_ARTIFACT_TTL',
    path: 'system_artifacts.ttl',
    min: 60_000,
    max: 8760 * hour,
    fallback: 24 * hour,
    help:
      'reports and other data between parts of Marina that nobody fetched for this long are removed by the ' +
      'daily cleanup',
  }),
  bytes: size({
    env: 'MARINA_SYSTEM_ARTIFACT_BYTES',
    path: 'system_artifacts.bytes',
    min: 0,
    max: 2 ** 53 - 1,
    fallback: 0,
    help: 'all such data together; 0 is no limit',
  }),
  vendorBytes: size({
    env: 'MARINA_SYSTEM_ARTIFACT_VENDOR_BYTES',
    path: 'system_artifacts.vendor_bytes',
    min: 0,
    max: 2 ** 53 - 1,
    fallback: 0,
    help: 'such data of one part of Marina; 0 is no limit',
  }),
}
