import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { ask } from './http.ts'
import { digestOf, types } from './image.ts'

/** A registry, and how it is signed in to. */
export type Place = { url: string; headers: Record<string, string> }
export type Descriptor = { mediaType: string; digest: string; size: number }

async function pushBlob({ url, headers }: Place, name: string, bytes: Buffer, mediaType: string): Promise<Descriptor> {
  const begun = await ask(`${url}/v2/${name}/blobs/uploads/`, 202, { method: 'POST', headers })
  const to = new URL(begun.headers.get('location')!, url)
  to.searchParams.set('digest', digestOf(bytes))
  await ask(to.href, 201, { method: 'PUT', headers, body: new Uint8Array(bytes) })
  return { mediaType, digest: digestOf(bytes), size: bytes.length }
}

/** Pushes a manifest by its digest, and by these tags. */
async function pushManifest(
  { url, headers }: Place,
  name: string,
  body: { mediaType: string; [key: string]: unknown },
  ...tags: string[]
) {
  const content = Buffer.from(JSON.stringify({ schemaVersion: 2, ...body }))
  for (const reference of [digestOf(content), ...tags])
    await ask(`${url}/v2/${name}/manifests/${reference}`, 201, {
      method: 'PUT',
      headers: { ...headers, 'content-type': body.mediaType },
      body: new Uint8Array(content),
    })
  return { mediaType: body.mediaType, digest: digestOf(content), size: content.length }
}

type Kind = { config?: string; layer?: string; text?: object; more?: object; size?: number }

/** An image, or with other media types a chart, a signature or a note; its layer is random. */
export async function pushImage(to: Place, name: string, kind: Kind, ...tags: string[]): Promise<Descriptor> {
  const { config = types.config, layer = types.layer, text = {}, more = {}, size = 500 } = kind
  const parts = [
    await pushBlob(to, name, Buffer.from(JSON.stringify({ made: randomBytes(4).toString('hex'), ...text })), config),
    await pushBlob(to, name, size > 500 ? randomBytes(size) : gzipSync(randomBytes(size)), layer),
  ]
  const body = { mediaType: types.manifest, config: parts[0], layers: [parts[1]], ...more }
  return pushManifest(to, name, body, ...tags)
}

const linkTag = ({ digest }: Descriptor) => digest.replace(':', '-')

/** Everything that has to arrive, in `name` at a registry without a referrers API; returns tags and digests. */
export async function pushAll(to: Place, name: string): Promise<string[]> {
  const image = await pushImage(to, name, {}, 'v1')
  const [amd, arm] = [await pushImage(to, name, {}), await pushImage(to, name, {})]
  const manifests = [
    { ...amd, platform: { os: 'linux', architecture: 'amd64' } },
    { ...arm, platform: { os: 'linux', architecture: 'arm64' } },
  ]
  const index = await pushManifest(to, name, { mediaType: types.index, manifests }, 'all')
  const chart = await pushImage(
    to,
    name,
    {
      config: 'application/vnd.cncf.helm.config.v1+json',
      layer: 'application/vnd.cncf.helm.chart.content.v1.tar+gzip',
      text: { name: 'app', version: '1.0.0', apiVersion: 'v2' },
    },
    'chart-1.0.0',
  )
  const signature = await pushImage(
    to,
    name,
    { layer: 'application/vnd.dev.cosign.simplesigning.v1+json' },
    `${linkTag(image)}.sig`,
  )
  const note = await pushImage(to, name, { more: { subject: image, artifactType: 'application/vnd.test.note' } })
  const listed = { ...note, artifactType: 'application/vnd.test.note' }
  await pushManifest(to, name, { mediaType: types.index, manifests: [listed] }, linkTag(image))
  return [
    'v1',
    'all',
    'chart-1.0.0',
    `${linkTag(image)}.sig`,
    ...[image, amd, arm, index, chart, signature, note].map((one) => one.digest),
  ]
}

export const read = ({ url, headers }: Place, at: string) =>
  ask(`${url}/v2/${at}`, 200, { headers: { ...headers, accept: `${types.manifest}, ${types.index}` } })

/** Whether both registries have the same bytes under every reference, and all blobs that the manifests name. */
export async function agree(one: Place, other: Place, names: [string, string], references: string[]): Promise<void> {
  for (const reference of references) {
    const [a, b] = [
      await read(one, `${names[0]}/manifests/${reference}`),
      await read(other, `${names[1]}/manifests/${reference}`),
    ]
    assert.deepEqual(b.bytes, a.bytes, reference)
    const { config, layers = [] } = a.json as { config?: Descriptor; layers?: Descriptor[] }
    for (const { digest } of [...(config ? [config] : []), ...layers])
      assert.equal(digestOf((await read(other, `${names[1]}/blobs/${digest}`)).bytes), digest)
  }
}
