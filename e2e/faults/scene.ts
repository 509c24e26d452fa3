import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Client } from './client.ts'
import { sha256, type Image } from './image.ts'
import { killPostgresOf } from './marina.ts'

export type Folder = { dir: string } & AsyncDisposable

/** A temporary folder. Disposing also ends a PostgreSQL that still runs in it. */
export async function openFolder(): Promise<Folder> {
  const dir = await mkdtemp(path.join(tmpdir(), 'marina-faults-'))
  return {
    dir,
    async [Symbol.asyncDispose]() {
      await killPostgresOf(dir)
      await rm(dir, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
    },
  }
}

/** The file in which the filesystem driver stores a blob. */
export function blobFile(dataDir: string, digest: string): string {
  const hex = digest.slice('sha256:'.length)
  return path.join(dataDir, 'storage/docker/registry/v2/blobs/sha256', hex.slice(0, 2), hex, 'data')
}

/** Pushes an image. Returns 201, or the status of the first answer that refused it. */
export async function pushImage(client: Client, repository: string, image: Image, tag: string): Promise<number> {
  for (const { digest, bytes } of image.blobs) {
    const { status } = await client.ask('HEAD', `/v2/${repository}/blobs/${digest}`)
    if (status === 200) continue
    const pushed = await client.ask('POST', `/v2/${repository}/blobs/uploads/?digest=${digest}`, { body: bytes })
    if (pushed.status !== 201) return pushed.status
  }
  const { status } = await client.ask('PUT', `/v2/${repository}/manifests/${tag}`, {
    headers: { 'content-type': image.mediaType },
    body: image.bytes,
  })
  return status
}

/** True when a pull by tag gives this image with all its blobs. */
export async function pullsWhole(client: Client, repository: string, image: Image, tag: string): Promise<boolean> {
  const manifest = await client.ask('GET', `/v2/${repository}/manifests/${tag}`)
  if (manifest.status !== 200 || !manifest.body.equals(image.bytes)) return false
  for (const { digest } of image.blobs) {
    const { status, body } = await client.ask('GET', `/v2/${repository}/blobs/${digest}`)
    if (status !== 200 || sha256(body) !== digest) return false
  }
  return true
}

export function errorCode(body: Buffer): string | undefined {
  return (JSON.parse(body.toString()) as { errors?: { code: string }[] }).errors?.[0]?.code
}
