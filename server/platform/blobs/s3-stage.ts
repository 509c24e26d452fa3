import { CopyObjectCommand, UploadPartCopyCommand } from '@aws-sdk/client-s3'
import { BlobMissing, type ByteRange, type Stage } from './blobs.ts'
import { checkStage, isStageId } from './keys.ts'
import { ask, leastPart, type S3 } from './s3-client.ts'
import { openParts, type Parts } from './s3-upload.ts'

/**
 * The objects that a stage consists of, in order, as the caller keeps them: a listing may be out of date. All but the
 * last have the 5 MiB that S3 requires of a part, so that a commit only copies within the server.
 */
type Segment = { name: string; size: number }

export type StageState = {
  segments: Segment[]
  /** Objects that the last append has replaced. The next append removes them, as this state is recorded by then. */
  spent: string[]
}

/** Parses the state that the caller kept. */
export function stateOf(stage: Stage): StageState {
  checkStage(stage)
  if (stage.size === 0) return { segments: [], spent: [] }
  const { segments, spent } = (stage.state ?? {}) as Partial<StageState>
  const isWhole =
    Array.isArray(segments) &&
    Array.isArray(spent) &&
    segments.every(({ name, size }) => isStageId(name) && Number.isSafeInteger(size) && size > 0) &&
    spent.every(isStageId) &&
    segments.reduce((sum, { size }) => sum + size, 0) === stage.size
  if (!isWhole) throw new TypeError(`stage ${stage.id} does not know its own segments`)
  return { segments, spent }
}

export const stageFolder = (s3: S3, id: string) => `${s3.root}.stages/${id}/`
export const segmentPath = (s3: S3, id: string, name: string) => stageFolder(s3, id) + name

/** Copies the segments, one after the other, into one object. */
export async function joinSegments(s3: S3, stage: Stage, path: string): Promise<void> {
  const { segments } = stateOf(stage)
  const copies = planCopies(segments, s3.limits.copyBytes)
  const [only] = copies
  if (only && copies.length === 1) return copyWhole(s3, stage, only.name, path)
  const parts = await openParts(s3, path)
  try {
    for (const [index, copy] of copies.entries()) await copyPart(s3, stage, { path, parts, number: index + 1, copy })
    await parts.complete(stage.size)
  } catch (error) {
    await parts.abort()
    throw error
  }
}

type Copy = { name: string; range?: ByteRange }

/** One copy per segment; segments above the limit in equal ranges, as only the last part may be small. */
export function planCopies(segments: Segment[], limit: number): Copy[] {
  return segments.flatMap(({ name, size }): Copy[] => {
    const count = Math.ceil(size / limit)
    if (count === 1) return [{ name }]
    const step = Math.ceil(size / count)
    return Array.from({ length: count }, (_, n) => ({
      name,
      range: { start: n * step, end: Math.min((n + 1) * step, size) - 1 },
    }))
  })
}

async function copyWhole(s3: S3, stage: Stage, name: string, path: string) {
  const command = new CopyObjectCommand({ Bucket: s3.bucket, Key: path, CopySource: copySource(s3, stage, name) })
  const options = { requestTimeout: s3.limits.copyTimeoutMs }
  const answer = await ask(s3, `storing ${path}`, (client) => client.send(command, options))
  if (!answer) throw new BlobMissing(`stage ${stage.id}`)
}

async function copyPart(
  s3: S3,
  stage: Stage,
  { path, parts, number, copy }: { path: string; parts: Parts; number: number; copy: Copy },
) {
  const command = new UploadPartCopyCommand({
    Bucket: s3.bucket,
    Key: path,
    UploadId: parts.id,
    PartNumber: number,
    CopySource: copySource(s3, stage, copy.name),
    ...(copy.range && { CopySourceRange: `bytes=${copy.range.start}-${copy.range.end}` }),
  })
  const options = { requestTimeout: s3.limits.copyTimeoutMs }
  const answer = await ask(s3, `storing ${path}`, (client) => client.send(command, options))
  if (!answer) throw new BlobMissing(`stage ${stage.id}`)
  parts.note({ PartNumber: number, ETag: answer.CopyPartResult?.ETag })
}

/** Escaped, as the bucket's prefix may have characters that a URL must not; keys have none. */
const copySource = (s3: S3, { id }: Stage, name: string) => encodeURI(`${s3.bucket}/${segmentPath(s3, id, name)}`)

/** The last segment, if it is too small to be followed by another one. */
export function smallTail({ segments }: StageState): Segment | undefined {
  const last = segments.at(-1)
  return last && last.size < leastPart ? last : undefined
}
