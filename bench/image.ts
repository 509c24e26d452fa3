import { createHash, randomBytes } from 'node:crypto'
import { headerOf, openConnection, type Answer, type Connection } from './connection.ts'
import type { Registry } from './registries.ts'

export type Part = { mediaType: string; digest: string; size: number; content: Buffer }
type Image = { config: Part; layer: Part; manifest: Buffer }

const manifestType = 'application/vnd.oci.image.manifest.v1+json'

/** A new image with random content: a config of about 1.5 KB, one layer of 4 KB, and the manifest that names them. */
export function makeImage(): Image {
  const layer = part('application/vnd.oci.image.layer.v1.tar+gzip', randomBytes(4096))
  const config = part(
    'application/vnd.oci.image.config.v1+json',
    Buffer.from(
      JSON.stringify({
        architecture: 'amd64',
        os: 'linux',
        created: new Date().toISOString(),
        author: randomBytes(500).toString('hex'),
        config: { Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'], Cmd: ['/bin/sh'] },
        rootfs: { type: 'layers', diff_ids: [layer.digest] },
        history: [
          { created: new Date().toISOString(), created_by: `/bin/sh -c #(nop) ADD file:${layer.digest} in / ` },
        ],
      }),
    ),
  )
  const described = ({ mediaType, digest, size }: Part) => ({ mediaType, digest, size })
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: manifestType,
      config: described(config),
      layers: [described(layer)],
    }),
  )
  return { config, layer, manifest }
}

/** A blob of an image, with its digest. */
export function part(mediaType: string, content: Buffer): Part {
  return {
    mediaType,
    digest: `sha256:${createHash('sha256').update(content).digest('hex')}`,
    size: content.length,
    content,
  }
}

/** Pushes as docker and skopeo do: HEAD, POST, PUT for each blob, then the manifest by its tag. Throws when refused. */
export async function pushImage(
  connection: Connection,
  token: string,
  name: string,
  tag: string,
  { config, layer, manifest }: Image,
): Promise<void> {
  await putParts(connection, token, name, [layer, config])
  await putManifest(connection, token, name, tag, manifest)
}

/** Pushes those of the blobs that the repository lacks. Throws when refused. */
export async function putParts(connection: Connection, token: string, name: string, parts: Part[]): Promise<void> {
  const head = `authorization: Bearer ${token}\r\n`
  for (const blob of parts) {
    const known = await connection.ask('HEAD', `/v2/${name}/blobs/${blob.digest}`, head)
    if (known.status === 200) continue
    expect(known, 404)
    const location = await startUpload(connection, token, name)
    expect(
      await connection.ask(
        'PUT',
        withDigest(location, blob.digest),
        `${head}content-type: application/octet-stream\r\n`,
        blob.content,
      ),
      201,
    )
  }
}

/** Pushes a manifest by its tag; its parts must be in the repository. Throws when refused. */
export async function putManifest(
  connection: Connection,
  token: string,
  name: string,
  tag: string,
  manifest: Buffer,
): Promise<void> {
  const head = `authorization: Bearer ${token}\r\ncontent-type: ${manifestType}\r\n`
  expect(await connection.ask('PUT', `/v2/${name}/manifests/${tag}`, head, manifest), 201)
}

/** Starts an upload. Returns path and query of its location: docker-registry's is a whole URL, Marina's a path. */
export async function startUpload(connection: Connection, token: string, name: string): Promise<string> {
  const answer = await connection.ask('POST', `/v2/${name}/blobs/uploads/`, `authorization: Bearer ${token}\r\n`)
  expect(answer, 202)
  const { pathname, search } = new URL(headerOf(answer.head, 'location')!, 'http://localhost')
  return pathname + search
}

export function withDigest(location: string, digest: string): string {
  return `${location}${location.includes('?') ? '&' : '?'}digest=${digest}`
}

function expect({ status, head, body }: Answer, wanted: number) {
  if (status !== wanted)
    throw new Error(`${wanted} was expected, not ${head.split('\r\n', 1)[0]}: ${body.toString().slice(0, 300)}`)
}

/** Pushes one image. Returns a token and the path for its GET by tag. */
export async function pushOne(
  registry: Registry,
  name: string,
  image: Image,
): Promise<{ token: string; target: string; manifestType: string }> {
  const token = await registry.token([name])
  const connection = await openConnection(registry.port)
  await pushImage(connection, token, name, 'bench', image)
  connection.close()
  return { token, target: `/v2/${name}/manifests/bench`, manifestType }
}
