import { Readable } from 'node:stream'
import { gzipSync } from 'node:zlib'
import tar, { type Header } from 'tar-stream'
import type { Digest } from '../../oci/digest.ts'
import { ociManifest } from '../../oci/media-type.ts'
import { descriptorOf, pushBlob, pushManifest, type Pushed } from './given.ts'
import type { TestMarina } from './server.ts'

/** A file of a layer: its path or its header, and its content. */
export type LayerFile = [name: string | (Partial<Header> & { name: string }), content?: string | Buffer]

const mtime = new Date(0)

/** A layer as it would be stored uncompressed: the same bytes for the same files, at any time. */
export async function tarOf(files: Iterable<LayerFile>): Promise<Buffer> {
  const pack = tar.pack()
  for (const [name, content = ''] of files)
    pack.entry({ mtime, ...(typeof name === 'string' ? { name } : name) }, content)
  pack.finalize()
  return Buffer.concat(await Readable.from(pack).toArray())
}

/** An image of these layers, pushed whole; a layer is a tar, which is compressed, or its files. */
export async function pushLayers(
  marina: TestMarina,
  repository: string,
  layers: (LayerFile[] | Buffer)[],
  { tag, config = {}, more = {} }: { tag?: string; config?: object; more?: object } = {},
): Promise<Pushed & { layers: Digest[] }> {
  const configBytes = Buffer.from(JSON.stringify({ architecture: 'amd64', os: 'linux', ...config }))
  const bytes = await Promise.all(
    layers.map(async (layer) => (Buffer.isBuffer(layer) ? layer : gzipSync(await tarOf(layer), { level: 1 }))),
  )
  for (const one of [configBytes, ...bytes]) await pushBlob(marina, repository, one)
  const content = {
    schemaVersion: 2,
    mediaType: ociManifest,
    config: descriptorOf(configBytes, 'application/vnd.oci.image.config.v1+json'),
    layers: bytes.map((one) => descriptorOf(one, 'application/vnd.oci.image.layer.v1.tar+gzip')),
    ...more,
  }
  const named = tag === undefined ? {} : { tag }
  const pushed = await pushManifest(marina, repository, Buffer.from(JSON.stringify(content)), ociManifest, named)
  return { ...pushed, layers: content.layers.map(({ digest }) => digest) }
}
