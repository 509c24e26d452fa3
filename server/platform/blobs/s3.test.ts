import { openS3Server } from '../../testing/s3.ts'
import { blobsSuite } from './blobs.suite.ts'
import { openS3Blobs } from './s3.ts'

blobsSuite('an S3 bucket', async () => {
  const server = await openS3Server()
  const blobs = openS3Blobs({ ...server, forcePathStyle: true, redirect: true })
  return { blobs, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() }
})
