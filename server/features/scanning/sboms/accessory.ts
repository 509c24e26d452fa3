import { digestOf, type Digest } from '../../../../oci/digest.ts'
import { parseManifest, type Manifest } from '../../../../oci/manifest.ts'
import { ociManifest } from '../../../../oci/media-type.ts'

type Descriptor = { mediaType: string; digest: Digest; size: number }
/** An SBOM as an artifact of its own: its config, its manifest, and the manifest's bytes. */
export type SbomAccessory = { config: Buffer; manifest: Manifest; content: Buffer; digest: Digest }

/** The type of the config, by which Harbor and its clients know an SBOM. */
const configType = 'application/vnd.goharbor.harbor.sbom.v1'
/** As in Harbor, the type of the layer is that of an image's, though it is JSON. */
const layerType = 'application/vnd.oci.image.layer.v1.tar'

/** An SBOM that belongs to `subject`, in the form in which Harbor stores it. `document`: SPDX as JSON. */
export function accessoryOf(subject: Descriptor, document: Buffer, at: Date): SbomAccessory {
  const layer = { mediaType: layerType, digest: digestOf(document), size: document.length }
  const rootfs = { type: 'layers', diff_ids: [layer.digest] }
  const config = Buffer.from(JSON.stringify({ architecture: '', os: '', config: {}, rootfs }))
  const created = `${at.toISOString().slice(0, 19)}Z`
  const content = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: ociManifest,
      config: { mediaType: configType, digest: digestOf(config), size: config.length },
      layers: [layer],
      subject,
      annotations: {
        created,
        'created-by': 'Marina',
        'org.opencontainers.artifact.created': created,
        'org.opencontainers.artifact.description': 'SPDX JSON SBOM',
      },
    }),
  )
  return { config, content, digest: digestOf(content), manifest: parseManifest(content, ociManifest) }
}
