import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import { run } from './marina.ts'

export type Descriptor = {
  mediaType: string
  digest: string
  size: number
  platform?: { architecture: string; os: string }
  annotations?: Record<string, string>
}

export const types = {
  index: 'application/vnd.oci.image.index.v1+json',
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar+gzip',
  empty: 'application/vnd.oci.empty.v1+json',
}

/** An OCI layout that the test writes file by file, so that every byte is known without any client. */
export class Layout {
  readonly dir: string
  private readonly entries: Descriptor[] = []

  constructor(dir: string) {
    this.dir = dir
  }

  async add(bytes: Buffer | string | object, mediaType: string): Promise<Descriptor> {
    const content = Buffer.isBuffer(bytes)
      ? bytes
      : Buffer.from(typeof bytes === 'string' ? bytes : JSON.stringify(bytes))
    const digest = digestOf(content)
    await mkdir(path.join(this.dir, 'blobs/sha256'), { recursive: true })
    await writeFile(this.file(digest), content)
    return { mediaType, digest, size: content.length }
  }

  read(digest: string): Promise<Buffer> {
    return readFile(this.file(digest))
  }

  /** An image of one layer that holds these files. */
  async addImage(files: Record<string, string>, architecture = 'amd64'): Promise<Descriptor> {
    const tar = await pack(files)
    const layer = await this.add(gzipSync(tar), types.layer)
    const config = await this.add(
      { architecture, os: 'linux', config: {}, rootfs: { type: 'layers', diff_ids: [digestOf(tar)] } },
      types.config,
    )
    const manifest = await this.add(
      { schemaVersion: 2, mediaType: types.manifest, config, layers: [layer] },
      types.manifest,
    )
    return { ...manifest, platform: { architecture, os: 'linux' } }
  }

  async addIndex(manifests: Descriptor[]): Promise<Descriptor> {
    return this.add({ schemaVersion: 2, mediaType: types.index, manifests }, types.index)
  }

  /** Names an image or index, so that clients find it as `oci:<dir>:<name>`. */
  async name({ mediaType, digest, size }: Descriptor, name: string): Promise<string> {
    this.entries.push({ mediaType, digest, size, annotations: { 'org.opencontainers.image.ref.name': name } })
    await writeFile(path.join(this.dir, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}')
    await writeFile(path.join(this.dir, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: this.entries }))
    return `oci:${this.dir}:${name}`
  }

  private file(digest: string): string {
    return path.join(this.dir, 'blobs', ...digest.split(':'))
  }
}

/** The usual small image: one file, with a name. */
export async function smallImage(
  dir: string,
  text: string,
  architecture = 'amd64',
): Promise<{ source: string; layout: Layout; manifest: Descriptor }> {
  const layout = new Layout(dir)
  const manifest = await layout.addImage({ 'hello.txt': text }, architecture)
  return { source: await layout.name(manifest, 'small'), layout, manifest }
}

export function digestOf(bytes: Buffer | string): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`
}

async function pack(files: Record<string, string>): Promise<Buffer> {
  const dir = await mkdtemp(path.join(tmpdir(), 'marina-layer-'))
  try {
    for (const [name, text] of Object.entries(files)) await writeFile(path.join(dir, name), text)
    const archive = `${dir}.tar`
    await run(['tar', '--sort=name', '--mtime=@0', '--owner=0', '--group=0', '-cf', archive, '-C', dir, '.'])
    const tar = await readFile(archive)
    await rm(archive)
    return tar
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
}
