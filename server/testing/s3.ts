import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { TestSettings } from './server.ts'

export type S3Server = AsyncDisposable & {
  endpoint: string
  region: string
  accessKeyId: string
  secretAccessKey: string
  bucket: string
}

/** Debian's own Python: python3-swift is installed for no other. */
const python = '/usr/bin/python3'
const startLimitMs = 30_000

/**
 * A real S3 server, OpenStack Swift, on free loopback ports and with its data in a temporary folder. Needs the Debian
 * package python3-swift; any user may run it. Server and data go when it is disposed of, or when this process dies.
 */
export async function openS3Server(): Promise<S3Server> {
  const root = await mkdtemp(join(tmpdir(), 'marina-s3-'))
  const access = { region: 'us-east-1', accessKeyId: 'test:tester', secretAccessKey: 'testing', bucket: 'marina' }
  const server = spawn(python, [join(import.meta.dirname, 'swift-server.py'), root], {
    env: { PATH: '/usr/bin:/bin', LANG: 'C.UTF-8', SWIFT_TEST_SECRET: access.secretAccessKey },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  const close = async () => {
    await stop(server)
    await rm(root, { recursive: true, force: true })
  }
  try {
    const endpoint = `http://127.0.0.1:${await portOf(server)}`
    await createBucket({ ...access, endpoint })
    return { ...access, endpoint, [Symbol.asyncDispose]: close }
  } catch (error) {
    await close()
    throw error
  }
}

/** The settings of a Marina that keeps its blobs on this server. */
export const s3Settings = ({ endpoint, bucket, region, accessKeyId, secretAccessKey }: S3Server): TestSettings => ({
  MARINA_STORAGE: 's3',
  MARINA_S3_ENDPOINT: endpoint,
  MARINA_S3_BUCKET: bucket,
  MARINA_S3_REGION: region,
  MARINA_S3_ACCESS_KEY: accessKeyId,
  MARINA_S3_SECRET_KEY: secretAccessKey,
})

/** The server prints its port in one line of JSON once it listens; if it ends instead, its log is the error. */
async function portOf(server: ChildProcess): Promise<number> {
  const log: string[] = []
  server.stderr?.on('data', (text: Buffer) => {
    log.push(String(text))
    if (log.length > 200) log.shift()
  })
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  const fail = (what: string) => reject(new Error(`the S3 server ${what}\n${log.join('')}`))
  const timer = setTimeout(() => fail(`was not ready after ${startLimitMs} ms`), startLimitMs)
  server.once('error', (error) => fail(`did not start (is python3-swift installed?): ${error.message}`))
  server.once('close', (code) => fail(`ended with ${code} (is python3-swift installed?)`))
  if (server.stdout)
    createInterface(server.stdout).once('line', (line) => resolve((JSON.parse(line) as { port: number }).port))
  return promise.finally(() => clearTimeout(timer))
}

async function createBucket(options: Omit<S3Server, typeof Symbol.asyncDispose>) {
  const { region, endpoint, accessKeyId, secretAccessKey } = options
  const client = new S3Client({ region, endpoint, forcePathStyle: true, credentials: { accessKeyId, secretAccessKey } })
  try {
    await client.send(new CreateBucketCommand({ Bucket: options.bucket }))
  } finally {
    client.destroy()
  }
}

async function stop(server: ChildProcess) {
  if (server.exitCode !== null || server.signalCode !== null || server.pid === undefined) return
  server.kill('SIGKILL')
  await once(server, 'exit')
}
