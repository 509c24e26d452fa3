import { blobsSuite } from './blobs.suite.ts'
import { openMemoryBlobs } from './memory.ts'

blobsSuite('memory', async () => ({ blobs: openMemoryBlobs() }))
