/**
 * Runs a Harbor by hand until it is told to end (SIGINT, SIGTERM), with empty folders that go with it:
 *
 *     BENCH_HARBOR_HOME=~/harbor node bench/harbor/run.ts [port]
 *
 * It listens on 127.0.0.1, port 8081 when none is given; its core takes 8080, as replication needs it.
 */
import { openScratch } from '../scratch.ts'
import { harborPassword } from './files.ts'
import { startHarbor } from './harbor.ts'

const home = process.env['BENCH_HARBOR_HOME']
if (!home) throw new Error('BENCH_HARBOR_HOME is missing: the folder of a built Harbor (docs/develop/harbor.md)')
const scratch = await openScratch()
try {
  const { port } = await startHarbor(scratch, home, { nginx: Number(process.argv[2] ?? 8081), core: 8080 })
  console.log(`Harbor: http://127.0.0.1:${port}, admin, ${harborPassword}; files in ${scratch.dir}`)
} catch (error) {
  await scratch[Symbol.asyncDispose]()
  throw error
}
