import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { blobsSuite } from './blobs.suite.ts'
import { openFsBlobs } from './fs.ts'

blobsSuite('files', async () => {
  const root = await mkdtemp(join(tmpdir(), 'marina-blobs-'))
  return { blobs: await openFsBlobs({ root }), [Symbol.asyncDispose]: () => rm(root, { recursive: true }) }
})
