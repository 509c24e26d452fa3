import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { LockHeld, takePidLock } from './pid-lock.ts'

let dir: string
before(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'marina-lock-'))
})
after(() => rm(dir, { recursive: true }))

test('a lock that is released can be taken again and leaves no file', async () => {
  const file = path.join(dir, 'again')
  await (
    await takePidLock(file)
  )()
  const unlock = await takePidLock(file)
  await assert.rejects(takePidLock(file), LockHeld)
  await unlock()
  assert.deepEqual(await filesOf('again'), [])
})

test('a lock whose process is gone, or whose pid another process has, is taken over', async () => {
  const file = path.join(dir, 'stale')
  const gone = spawn('true')
  await once(gone, 'exit')
  const recycled = process.platform === 'linux' ? [process.pid] : []
  for (const pid of [gone.pid, ...recycled]) {
    await writeFile(file, JSON.stringify({ pid, started: 'another boot 1', id: crypto.randomUUID() }))
    const unlock = await takePidLock(file)
    assert.equal(JSON.parse(await readFile(file, 'utf8')).pid, process.pid)
    await unlock()
  }
  assert.deepEqual(await filesOf('stale'), [])
})

test('a lock file with nonsense in it is taken over', async () => {
  const file = path.join(dir, 'nonsense')
  await writeFile(file, '{"pid":')
  await (
    await takePidLock(file)
  )()
  assert.deepEqual(await filesOf('nonsense'), [])
})

test('of many processes that find the same stale lock, exactly one gets it', async () => {
  const file = path.join(dir, 'race')
  await writeFile(file, JSON.stringify({ pid: 0, started: '', id: crypto.randomUUID() }))
  const racers = Array.from({ length: 6 }, () => spawn(process.execPath, ['--input-type=module', '-e', racer, file]))
  const answers = await Promise.all(racers.map(async ({ stdout }) => String((await once(stdout, 'data'))[0]).trim()))
  for (const { stdin } of racers) stdin.end()
  await Promise.all(racers.map((child) => once(child, 'close')))
  assert.deepEqual(answers.sort(), ['held', 'refused', 'refused', 'refused', 'refused', 'refused'])
})

const racer = `
  import { takePidLock } from ${JSON.stringify(import.meta.resolve('./pid-lock.ts'))}
  const unlock = await takePidLock(process.argv[1]).catch((error) => {
    if (error.name !== 'LockHeld') throw error
  })
  console.log(unlock ? 'held' : 'refused')
  for await (const _ of process.stdin);
`

async function filesOf(prefix: string): Promise<string[]> {
  return (await readdir(dir)).filter((name) => name.startsWith(prefix))
}
