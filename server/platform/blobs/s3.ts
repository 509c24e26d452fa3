import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  type MultipartUpload,
  type _Object,
} from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { createHash, randomUUID } from 'node:crypto'
import { Readable } from 'node:stream'
import {
  checkKey,
  StorageUnavailable,
  type Algorithm,
  type BlobInfo,
  type Blobs,
  type ByteRange,
  type Bytes,
  type RunningDigest,
  type Stage,
} from './blobs.ts'
import { digesting, inlineDigest, seenBy } from './digests.ts'
import { checkPrefix, checkRange, checkStage, checkStageId, isKey, isStageId } from './keys.ts'
import { ask, checkBucket, connectS3, getObject, insist, type S3, type S3Options } from './s3-client.ts'
import { joinSegments, segmentPath, smallTail, stageFolder, stateOf, type StageState } from './s3-stage.ts'
import { abortUpload, upload } from './s3-upload.ts'

/**
 * Blobs as objects of one S3 bucket; unfinished ones below `.stages/` (no key starts with a dot). Uses only calls that
 * servers other than Amazon's support, too: no conditional writes, no batch deletes, no checksums in trailers.
 */
export function openS3Blobs(options: S3Options): Blobs {
  const s3 = connectS3(options)
  return {
    kind: 's3',
    find: (key) => find(s3, key),
    read: (key, range) => read(s3, key, range),
    write: (key, source, verify, algorithm) => write(s3, key, source, verify, algorithm),
    stage: (id) => ({ id: checkStageId(id), size: 0 }),
    append: (stage, source, digest) => append(s3, stage, source, digest),
    startDigest: inlineDigest,
    readStage: (stage) => readStage(s3, stage),
    commit: (stage, key) => commit(s3, stage, key),
    discard: (stage) => discard(s3, stage),
    listStages: () => listStages(s3),
    remove: (key) => remove(s3, key),
    list: (prefix) => list(s3, checkPrefix(prefix)),
    ...(s3.redirect && { presign: (key: string, ttlMs: number) => presign(s3, key, ttlMs) }),
    check: () => checkBucket(s3),
    close: async () => s3.client.destroy(),
  }
}

async function find(s3: S3, key: string): Promise<BlobInfo | undefined> {
  const command = new HeadObjectCommand({ Bucket: s3.bucket, Key: pathOf(s3, key) })
  const found = await ask(s3, `looking for ${key}`, (client) => client.send(command))
  return found && infoOf(key, found.ContentLength, found.LastModified, found.ETag)
}

async function read(s3: S3, key: string, range?: ByteRange): Promise<Readable> {
  return getObject(s3, pathOf(s3, key), key, range && checkRange(range))
}

async function write(
  s3: S3,
  key: string,
  source: Bytes,
  verify?: (size: number, hex: string) => void,
  algorithm?: Algorithm,
): Promise<number> {
  const digest = digesting(source, algorithm)
  const { size } = await upload(s3, pathOf(s3, key), {
    source: digest.source,
    allow({ size, cut }) {
      if (cut) throw cut.error
      verify?.(size, digest.hex())
      return true
    },
  })
  return size
}

/**
 * Stores the bytes as a new segment. A last segment that is too small to be followed by another is stored again with
 * them.
 */
async function append(
  s3: S3,
  stage: Stage,
  bytes: Bytes,
  digest?: RunningDigest,
): Promise<{ stage: Stage; cut?: unknown }> {
  const source = seenBy(digest, bytes)
  const state = stateOf(stage)
  await removeSegments(s3, stage.id, state.spent)
  const tail = smallTail(state)
  const head = tail && (await bytesOf(await getObject(s3, segmentPath(s3, stage.id, tail.name), stageName(stage))))
  const name = randomUUID()
  let cut: { error: unknown } | undefined
  try {
    const allow = (end: { size: number; cut?: { error: unknown } }) => {
      cut = end.cut
      return end.size > (head?.length ?? 0)
    }
    const { size } = await upload(s3, segmentPath(s3, stage.id, name), { source, allow, ...(head && { head }) })
    const next = size === 0 ? stage : grown(stage, state, { name, size, replaces: tail?.name })
    return { stage: next, ...(cut && { cut: cut.error }) }
  } catch (error) {
    if (!(error instanceof StorageUnavailable)) throw error
    return { stage, cut: error }
  }
}

/** The stage with one more segment. The object that it replaces stays until the caller has recorded the new state. */
function grown(
  stage: Stage,
  state: StageState,
  { name, size, replaces }: { name: string; size: number; replaces: string | undefined },
): Stage {
  const segments = [...state.segments.filter((segment) => segment.name !== replaces), { name, size }]
  const total = segments.reduce((sum, segment) => sum + segment.size, 0)
  return { id: stage.id, size: total, state: { segments, spent: replaces ? [replaces] : [] } satisfies StageState }
}

async function readStage(s3: S3, stage: Stage): Promise<Readable> {
  const [first, ...others] = stateOf(stage).segments
  if (!first) return Readable.from([])
  const open = (name: string) => getObject(s3, segmentPath(s3, stage.id, name), stageName(stage))
  const stream = await open(first.name)
  if (others.length === 0) return stream
  async function* joined() {
    yield* stream
    for (const { name } of others) yield* await open(name)
  }
  const whole = Readable.from(joined(), { objectMode: false })
  return whole.once('close', () => stream.destroy())
}

async function commit(s3: S3, stage: Stage, key: string): Promise<void> {
  const path = pathOf(s3, key)
  if (stateOf(stage).segments.length === 0) await write(s3, key, Readable.from([]))
  else await joinSegments(s3, stage, path)
  await discard(s3, stage).catch(() => undefined) // the bytes are safe; listStages reports remains
}

/** Here a listing may be out of date: objects that it does not show yet are listed, and discarded, later. */
async function discard(s3: S3, stage: Stage): Promise<void> {
  const { id, state } = checkStage(stage)
  const folder = stageFolder(s3, id)
  for await (const { Key } of listObjects(s3, folder)) await removeObject(s3, Key)
  for await (const { Key, UploadId } of listUploads(s3, folder)) await abortUpload(s3, Key, UploadId)
  if (isInterrupted(state)) await abortUpload(s3, state.interrupted.path, state.interrupted.uploadId)
}

/** What a crash in the middle of a large `write` leaves: a multipart upload that will not be finished. */
type Interrupted = { interrupted: { path: string; uploadId: string } }

const isInterrupted = (state: unknown): state is Interrupted =>
  typeof state === 'object' && state !== null && 'interrupted' in state

/** Also reports multipart uploads under way (since their start), among them those that will never be finished. */
async function* listStages(s3: S3): AsyncGenerator<{ stage: Stage; modifiedAt: Date }> {
  const found = new Map<string, { stage: Stage; modifiedAt: Date }>()
  const add = (id: string, size: number, modifiedAt = new Date(), state?: unknown) => {
    const before = found.get(id)
    const latest = before && before.modifiedAt > modifiedAt ? before.modifiedAt : modifiedAt
    found.set(id, {
      stage: { id, size: size + (before?.stage.size ?? 0), ...(state ? { state } : {}) },
      modifiedAt: latest,
    })
  }
  for await (const { Key, Size, LastModified } of listObjects(s3, `${s3.root}.stages/`)) {
    const id = stageIdIn(s3, Key)
    if (id) add(id, Size ?? 0, LastModified)
  }
  for await (const { Key, UploadId, Initiated } of listUploads(s3, s3.root)) {
    const id = stageIdIn(s3, Key)
    if (id) add(id, 0, Initiated)
    else add(idOf(UploadId), 0, Initiated, { interrupted: { path: Key, uploadId: UploadId } } satisfies Interrupted)
  }
  yield* found.values()
}

function stageIdIn(s3: S3, path: string): string | undefined {
  const [folder, id] = path.slice(s3.root.length).split('/')
  return folder === '.stages' && id && isStageId(id) ? id : undefined
}

/** A UUID for an upload that has only an id of the server: the same one at each listing. */
function idOf(uploadId: string): string {
  const hex = createHash('sha256').update(uploadId).digest('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), `8${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`, hex.slice(20, 32)].join(
    '-',
  )
}

/** S3 answers a delete in the same way whether or not the key exists, so this looks first. */
async function remove(s3: S3, key: string): Promise<boolean> {
  if (!(await find(s3, key))) return false
  await removeObject(s3, pathOf(s3, key))
  return true
}

async function* list(s3: S3, prefix: string): AsyncGenerator<{ key: string } & BlobInfo> {
  const itself = prefix === '' ? undefined : await find(s3, prefix)
  if (itself) yield { key: prefix, ...itself }
  for await (const { Key, Size, LastModified, ETag } of listObjects(s3, s3.root + (prefix && `${prefix}/`))) {
    const key = Key.slice(s3.root.length)
    if (isKey(key)) yield { key, ...infoOf(key, Size, LastModified, ETag) }
  }
}

async function presign(s3: S3, key: string, ttlMs: number): Promise<string> {
  const command = new GetObjectCommand({ Bucket: s3.bucket, Key: pathOf(s3, key) })
  return getSignedUrl(s3.client, command, { expiresIn: Math.max(1, Math.floor(ttlMs / 1000)) })
}

async function removeSegments(s3: S3, id: string, names: string[]): Promise<void> {
  for (const name of names) await removeObject(s3, segmentPath(s3, id, name))
}

async function removeObject(s3: S3, path: string): Promise<void> {
  await ask(s3, `removing ${path}`, (client) => client.send(new DeleteObjectCommand({ Bucket: s3.bucket, Key: path })))
}

async function* listObjects(s3: S3, Prefix: string): AsyncGenerator<_Object & { Key: string }> {
  for (let token: string | undefined; ;) {
    const command = new ListObjectsV2Command({ Bucket: s3.bucket, Prefix, ...(token && { ContinuationToken: token }) })
    const page = await insist(s3, 'listing objects', (client) => client.send(command))
    for (const object of page.Contents ?? []) if (object.Key) yield { ...object, Key: object.Key }
    token = page.NextContinuationToken
    if (!page.IsTruncated) return
    if (!token) throw new StorageUnavailable('listing objects: the S3 server breaks off its list')
  }
}

async function* listUploads(
  s3: S3,
  Prefix: string,
): AsyncGenerator<MultipartUpload & { Key: string; UploadId: string }> {
  for (let marker = {}; ;) {
    const command = new ListMultipartUploadsCommand({ Bucket: s3.bucket, Prefix, ...marker })
    const page = await insist(s3, 'listing uploads', (client) => client.send(command))
    for (const each of page.Uploads ?? []) {
      if (each.Key && each.UploadId) yield { ...each, Key: each.Key, UploadId: each.UploadId }
    }
    if (!page.IsTruncated) return
    marker = { KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker }
  }
}

async function bytesOf(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

function infoOf(
  key: string,
  size: number | undefined,
  modifiedAt: Date | undefined,
  tag: string | undefined,
): BlobInfo {
  if (size === undefined || !modifiedAt) throw new StorageUnavailable(`the S3 server does not say how large ${key} is`)
  return { size, modifiedAt, version: `${tag}-${modifiedAt.getTime()}-${size}` }
}

const pathOf = (s3: S3, key: string) => s3.root + checkKey(key)
const stageName = (stage: Stage) => `stage ${stage.id}`
