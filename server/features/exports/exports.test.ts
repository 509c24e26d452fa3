import { testExports } from './exports.suite.ts'

await testExports({})
