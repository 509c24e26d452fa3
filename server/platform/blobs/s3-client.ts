import {
  GetObjectCommand,
  HeadBucketCommand,
  S3Client,
  S3ServiceException,
  type GetObjectCommandOutput,
} from '@aws-sdk/client-s3'
import { Transform, type Readable } from 'node:stream'
import { BlobMissing, StorageUnavailable, type ByteRange } from './blobs.ts'

export type S3Options = {
  bucket: string
  region: string
  /** By default Amazon's endpoint of the region. */
  endpoint?: string
  /** By default the SDK's usual chain (environment, instance role). */
  accessKeyId?: string
  secretAccessKey?: string
  forcePathStyle: boolean
  /** All keys are below this prefix in the bucket. */
  prefix?: string
  /** Whether clients may read from the bucket themselves, by signed URLs. */
  redirect: boolean
  /** Bytes per part of a large upload, at least 5 MiB; S3 takes 10,000 parts at most. An upload holds two in memory. */
  partSize?: number
  limits?: Partial<S3Limits>
}

type S3Limits = {
  connectTimeoutMs: number
  /** The longest time from a request to the head of its answer, per try; also the longest silence within a body. */
  answerTimeoutMs: number
  /** The same for a copy inside the server, which answers after all bytes were copied. */
  copyTimeoutMs: number
  attempts: number
  /** The most bytes of one copy; S3's own limit is 5 GiB. */
  copyBytes: number
}

const defaults: S3Limits = {
  connectTimeoutMs: 5_000,
  answerTimeoutMs: 30_000,
  copyTimeoutMs: 15 * 60_000,
  attempts: 3,
  copyBytes: 5 * 1024 ** 3,
}

export const leastPart = 5 * 1024 ** 2

export type S3 = {
  client: S3Client
  bucket: string
  root: string
  partSize: number
  redirect: boolean
  limits: S3Limits
}

export function connectS3(options: S3Options): S3 {
  const { bucket, region, endpoint, accessKeyId, secretAccessKey, forcePathStyle, prefix, redirect } = options
  const limits = { ...defaults, ...options.limits }
  const partSize = options.partSize ?? 8 * 1024 ** 2
  if (partSize < leastPart) throw new TypeError(`a part has at least ${leastPart} bytes, not ${partSize}`)
  const client = new S3Client({
    region,
    forcePathStyle,
    ...(endpoint && { endpoint }),
    ...(accessKeyId && secretAccessKey && { credentials: { accessKeyId, secretAccessKey } }),
    maxAttempts: limits.attempts,
    // The SDK sends its own checksums as chunked trailers, which servers other than Amazon's refuse or store as bytes.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: {
      connectionTimeout: limits.connectTimeoutMs,
      requestTimeout: limits.answerTimeoutMs,
      throwOnRequestTimeout: true,
      httpAgent: { maxSockets: 128, keepAlive: true },
      httpsAgent: { maxSockets: 128, keepAlive: true },
    },
  })
  return { client, bucket, root: prefix ? `${prefix}/` : '', partSize, redirect, limits }
}

/**
 * Makes one call to S3. Returns undefined only for a 404 that is about the key; every other failure, after the client's
 * bounded retries, is StorageUnavailable: no right (403), too slow, too busy, cut off.
 */
export async function ask<T>(s3: S3, what: string, send: (client: S3Client) => Promise<T>): Promise<T | undefined> {
  try {
    return await send(s3.client)
  } catch (error) {
    if (!isNotFound(error)) throw unavailable(what, error)
    // The answer to a HEAD has no body, which would say whether the key or the whole bucket is missing.
    if (error.name !== 'NoSuchKey' && error.name !== 'NoSuchUpload') await checkBucket(s3)
    return undefined
  }
}

/** Makes one call to which a healthy store never answers "absent". */
export async function insist<T>(s3: S3, what: string, send: (client: S3Client) => Promise<T>): Promise<T> {
  const answer = await ask(s3, what, send)
  if (answer === undefined) throw new StorageUnavailable(`${what}: the S3 server knows nothing of it`)
  return answer
}

export async function checkBucket({ client, bucket }: S3): Promise<void> {
  try {
    await client.send(new HeadBucketCommand({ Bucket: bucket }))
  } catch (error) {
    throw unavailable(`reaching bucket ${bucket}`, error)
  }
}

/** Streams the bytes of an object; `name` is its name in errors. */
export async function getObject(s3: S3, path: string, name: string, range?: ByteRange): Promise<Readable> {
  const command = new GetObjectCommand({
    Bucket: s3.bucket,
    Key: path,
    ...(range && { Range: `bytes=${range.start}-${range.end}` }),
  })
  const answer = await ask(s3, `reading ${name}`, (client) => client.send(command))
  if (!answer) throw new BlobMissing(name)
  return wholeBody(answer, name, s3.limits.answerTimeoutMs)
}

/**
 * The body as a stream, with an error when it ends early or falls silent: half a blob must never look like a whole one.
 */
function wholeBody({ Body, ContentLength }: GetObjectCommandOutput, name: string, silenceMs: number): Readable {
  const fail = (what: string, cause?: unknown) => new StorageUnavailable(`reading ${name}: ${what}`, { cause })
  if (ContentLength === undefined) throw fail('the S3 server does not say how much it sends')
  let left = ContentLength
  const body = Body as Readable
  const counted = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      left -= chunk.length
      timer.refresh()
      done(null, chunk)
    },
    flush(done) {
      done(left === 0 ? null : fail(`the S3 server was to send ${left} bytes more`))
    },
  })
  const timer = setTimeout(() => {
    // While Marina's own reader is slow, the silence is not the server's.
    if (counted.writableNeedDrain) timer.refresh()
    else counted.destroy(fail(`no bytes for ${silenceMs} ms`))
  }, silenceMs)
  body.once('error', (error) => counted.destroy(fail(error.message, error)))
  counted.once('close', () => {
    clearTimeout(timer)
    body.destroy()
  })
  return body.pipe(counted)
}

function isNotFound(error: unknown): error is S3ServiceException {
  return error instanceof S3ServiceException && error.$metadata.httpStatusCode === 404 && error.name !== 'NoSuchBucket'
}

function unavailable(what: string, error: unknown): Error {
  if (error instanceof S3ServiceException && error.$metadata.httpStatusCode === 416) {
    return new RangeError(`${what}: the range lies beyond the bytes stored`, { cause: error })
  }
  return new StorageUnavailable(`${what}: ${(error as Error).name}: ${(error as Error).message}`, { cause: error })
}
