import { after } from 'node:test'
import { openS3Server, s3Settings } from '../../testing/s3.ts'
import { testExports } from './exports.suite.ts'

const s3 = await openS3Server()
await testExports(s3Settings(s3))
// Registered last, so that the storage closes after the processes that use it.
after(() => s3[Symbol.asyncDispose]())
