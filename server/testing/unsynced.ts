import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { digestOf, type Digest } from '../../oci/digest.ts'
import { blobPath } from '../catalog/blob.ts'
import { sql } from '../platform/db/sql.ts'
import { fresh } from './given.ts'
import { eventually, expectAnswer } from './http.ts'
import type { TestMarina } from './server.ts'

/** Nothing is synced unless a test asks for it. */
export const never = { MARINA_STORAGE_UNSYNCED_DELAY: '1h', MARINA_WORKERS: 'none' }

export type Pushed = { repository: string; digest: Digest; bytes: Buffer; file: string }

type Given = { repository?: string; bytes?: Buffer }

/** Pushes a small blob, and waits for its file, which is written after the answer. */
export async function push(marina: TestMarina, given: Given = {}): Promise<Pushed> {
  const pushed = await pushEarly(marina, given)
  await eventually(() => stat(pushed.file))
  return pushed
}

/** Pushes a small blob, whose file may not be there yet. */
export async function pushEarly(marina: TestMarina, given: Given = {}): Promise<Pushed> {
  const { repository = `library/${fresh('small')}`, bytes = randomBytes(500) } = given
  const digest = digestOf(bytes)
  const path = `/v2/${repository}/blobs/uploads/?digest=${digest}`
  expectAnswer(await marina.ask('POST', path, { as: marina.admin, body: bytes }), 201)
  return { repository, digest, bytes, file: join(marina.config.storage.root!, blobPath(digest)) }
}

export const askBlob = (marina: TestMarina, method: string, { repository, digest }: Pushed, headers = {}) =>
  marina.ask(method, `/v2/${repository}/blobs/${digest}`, { as: marina.admin, headers })

export async function assertPulls(marina: TestMarina, blob: Pushed): Promise<void> {
  const head = expectAnswer(await askBlob(marina, 'HEAD', blob), 200)
  assert.equal(head.headers['content-length'], String(blob.bytes.length))
  const part = expectAnswer(await askBlob(marina, 'GET', blob, { range: 'bytes=1-5' }), 206)
  assert.deepEqual(part.body, blob.bytes.subarray(1, 6))
  for (let time = 0; time < 2; time++)
    assert.deepEqual(expectAnswer(await askBlob(marina, 'GET', blob), 200).body, blob.bytes)
}

export async function revisionOf({ ground: { db } }: TestMarina, digest: Digest): Promise<number | undefined> {
  const row = await db.row<{ revision: number }>(
    sql`select revision from blob_unsynced join blob on blob.id = blob_id where digest = ${digest}`,
  )
  return row?.revision
}

export const isUnsynced = async (marina: TestMarina, digest: Digest) => (await revisionOf(marina, digest)) !== undefined
