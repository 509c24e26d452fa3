import { testSystemArtifacts } from './system-artifacts.suite.ts'

await testSystemArtifacts({})
