import { createHash } from 'node:crypto'
import type { Random } from './random.ts'

export type Blob = { digest: string; bytes: Buffer }
/** What a client pushes: a manifest, the blobs it needs, and for an index the images it names. */
export type Image = { digest: string; bytes: Buffer; mediaType: string; blobs: Blob[]; children: Image[] }

const manifestType = 'application/vnd.oci.image.manifest.v1+json'
const indexType = 'application/vnd.oci.image.index.v1+json'

export function sha256(bytes: Buffer): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`
}

export function blobOf(bytes: Buffer): Blob {
  return { digest: sha256(bytes), bytes }
}

let made = 0

/** Makes an image with a digest that no other one has. */
export function makeImage(layers: Blob[], note = ''): Image {
  const config = blobOf(
    Buffer.from(
      JSON.stringify({
        architecture: 'amd64',
        os: 'linux',
        config: {},
        rootfs: { type: 'layers', diff_ids: layers.map(({ digest }) => digest) },
        number: `${process.pid}-${made++}`,
        note,
      }),
    ),
  )
  const descriptor = ({ digest, bytes }: Blob, mediaType: string) => ({ mediaType, digest, size: bytes.length })
  const bytes = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: manifestType,
      config: descriptor(config, 'application/vnd.oci.image.config.v1+json'),
      layers: layers.map((layer) => descriptor(layer, 'application/vnd.oci.image.layer.v1.tar+gzip')),
    }),
  )
  return { digest: sha256(bytes), bytes, mediaType: manifestType, blobs: [config, ...layers], children: [] }
}

/** An image of one to three layers of its own and, now and then, one that other images share. */
export function randomImage(random: Random, shared: Blob[]): Image {
  const own = Array.from({ length: random.int(1, 3) }, () =>
    blobOf(random.bytes(random.int(1, 8) * random.pick([64, 512, 4096]))),
  )
  return makeImage(random.chance(0.4) ? [...own, random.pick(shared)] : own)
}

export function makeIndex(children: Image[]): Image {
  const bytes = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: indexType,
      manifests: children.map(({ digest, bytes: content, mediaType }, at) => ({
        mediaType,
        digest,
        size: content.length,
        platform: { os: 'linux', architecture: ['amd64', 'arm64'][at % 2] },
      })),
      annotations: { number: `${process.pid}-${made++}` },
    }),
  )
  return { digest: sha256(bytes), bytes, mediaType: indexType, blobs: [], children }
}
