import { MiB, setting, size } from './setting.ts'
import { integer } from './units.ts'

/** How much of signatures Marina reads to check them. */
export const signatures = {
  perImage: setting({
    env: 'MARINA_SIGNATURES_PER_IMAGE',
    path: 'signatures.per_image',
    parse: integer(1, 1000),
    fallback: 200,
    help: 'signatures of one image that are checked, from both ends: the oldest, the newest, the second oldest, ...',
  }),
  signatureBytes: size({
    env: 'MARINA_SIGNATURE_SIZE',
    path: 'signatures.size',
    min: 1024,
    max: 256 * MiB,
    fallback: 4 * MiB,
    help: 'the largest signature or attestation that is read; a larger one is not verified',
  }),
}
