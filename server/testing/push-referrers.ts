/** A process of its own that pushes referrers of one subject at once, and prints their digests as JSON. */
import { digestOf } from '../../oci/digest.ts'
import type { Descriptor } from '../../oci/manifest.ts'
import { ociManifest } from '../../oci/media-type.ts'
import { openDb } from '../platform/db/db.ts'
import { openLog } from '../platform/observe/log.ts'
import { openOutbound } from '../platform/outbound/outbound.ts'
import { openLocks } from '../registry/remote/locks.ts'
import { noBudget, openRemote, remoteName } from '../registry/remote/remote.ts'
import { makeImage } from './given.ts'

type Given = { database: string; url: string; name: string; subject: Descriptor; count: number }

const { database, url, name: text, subject, count } = JSON.parse(process.argv[2]!) as Given
const by = { kind: 'system', id: null, name: 'test' } as const
const name = remoteName(text)
const db = openDb({
  url: database,
  poolSize: 2,
  acquireTimeoutMs: 30_000,
  statementTimeoutMs: 30_000,
  lockTimeoutMs: 30_000,
})
const outbound = openOutbound({ allow: ['127.0.0.1'] })
const remote = openRemote({
  outbound,
  endpoint: { url },
  budget: noBudget,
  locks: openLocks(db),
  log: openLog({ level: 'silent', format: 'json' }),
})

/** Referrers that differ in a note, which holds this process's id. */
async function push(index: number): Promise<string> {
  const annotations = { process: String(process.pid), index: String(index) }
  const { blobs, content, digest } = makeImage(0, { artifactType: 'application/vnd.test', subject, annotations })
  for (const blob of blobs) await remote.writeBlob(name, by, digestOf(blob), only(blob), blob.length)
  await remote.writeManifest(name, by, { reference: { digest }, tags: [], contentType: ociManifest, content })
  return digest
}

async function* only(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes
}

const digests = await Promise.all(Array.from({ length: count }, (_, index) => push(index)))
process.stdout.write(JSON.stringify(digests))
outbound.close()
await db.close()
