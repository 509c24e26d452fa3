import { after } from 'node:test'
import { openS3Server, s3Settings } from '../../testing/s3.ts'
import { testSystemArtifacts } from './system-artifacts.suite.ts'

const s3 = await openS3Server()
await testSystemArtifacts(s3Settings(s3))
// Registered last, so that all users of the S3 server are closed before it.
after(() => s3[Symbol.asyncDispose]())
