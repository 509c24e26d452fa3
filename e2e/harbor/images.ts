import { createHash } from 'node:crypto'
import type { Side } from './side.ts'

const imageType = 'application/vnd.oci.image.manifest.v1+json'
const indexType = 'application/vnd.oci.image.index.v1+json'

/** Pushes what `steps/artifacts.ts` looks at into the project `open-{n}`: the same bytes to both sides. */
export async function pushImages(side: Side): Promise<void> {
  const project = `open-${side.known['n']!}`
  const first = await pushImage(side, `${project}/app`, 'first', ['v1', 'v2'])
  const second = await pushImage(side, `${project}/app`, 'second', ['v3'])
  await pushImage(side, `${project}/team/nested`, 'nested', ['v1'])
  const child = await pushImage(side, `${project}/index`, 'child', [])
  const index = {
    schemaVersion: 2,
    mediaType: indexType,
    manifests: [{ ...child, platform: { os: 'linux', architecture: 'amd64' } }],
  }
  await putManifest(side, `${project}/index`, 'v1', indexType, JSON.stringify(index))
  await pushImage(side, `${project}/index`, 'signature', [], child)
  side.known['first'] = first.digest
  side.known['second'] = second.digest
}

type Descriptor = { mediaType: string; digest: string; size: number }

async function pushImage(
  side: Side,
  repository: string,
  seed: string,
  tags: string[],
  subject?: Descriptor,
): Promise<Descriptor> {
  const layer = await putBlob(side, repository, `layer ${seed}`, 'application/vnd.oci.image.layer.v1.tar')
  const config = await putBlob(
    side,
    repository,
    JSON.stringify({
      created: '2026-01-02T03:04:05Z',
      author: 'somebody',
      os: 'linux',
      architecture: 'amd64',
      config: { Env: ['A=b'], Cmd: ['/bin/sh'] },
      rootfs: { type: 'layers', diff_ids: [layer.digest] },
      history: [{ created: '2026-01-02T03:04:05Z', created_by: `ADD ${seed}` }],
    }),
    'application/vnd.oci.image.config.v1+json',
  )
  const text = JSON.stringify({
    schemaVersion: 2,
    mediaType: imageType,
    ...(subject && { artifactType: 'application/vnd.example.note' }),
    config,
    layers: [layer],
    ...(subject && { subject }),
    annotations: { seed },
  })
  const descriptor = describe(text, imageType)
  for (const reference of tags.length > 0 ? tags : [descriptor.digest])
    await putManifest(side, repository, reference, imageType, text)
  return descriptor
}

function describe(content: string, mediaType: string): Descriptor {
  const digest = `sha256:${createHash('sha256').update(content).digest('hex')}`
  return { mediaType, digest, size: Buffer.byteLength(content) }
}

async function putBlob(side: Side, repository: string, content: string, mediaType: string): Promise<Descriptor> {
  const descriptor = describe(content, mediaType)
  const started = await ask(side, 'POST', `/v2/${repository}/blobs/uploads/`)
  const url = new URL(started.headers.get('location')!, side.url)
  url.searchParams.set('digest', descriptor.digest)
  await ask(side, 'PUT', `${url.pathname}${url.search}`, 'application/octet-stream', content)
  return descriptor
}

async function putManifest(
  side: Side,
  repository: string,
  reference: string,
  type: string,
  content: string,
): Promise<void> {
  await ask(side, 'PUT', `/v2/${repository}/manifests/${reference}`, type, content)
}

async function ask(side: Side, method: string, path: string, type?: string, body?: string): Promise<Response> {
  const answer = await fetch(`${side.url}${path}`, {
    method,
    headers: {
      authorization: `Basic ${btoa(`admin:${side.passwords['admin']!}`)}`,
      ...(type !== undefined && { 'content-type': type }),
    },
    ...(body !== undefined && { body }),
  })
  if (!answer.ok) throw new Error(`${side.name}: ${method} ${path} is ${answer.status}: ${await answer.text()}`)
  return answer
}
