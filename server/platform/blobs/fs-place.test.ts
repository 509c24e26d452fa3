import assert from 'node:assert/strict'
import { mkdir, mkdtemp, open, readFile, readlink, rm, writeFile, type FileHandle } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { openPlaces } from './fs-place.ts'

/** Which folders are synced when a file is put to its place: `.` stands for the root. */
describe('syncs of folders', () => {
  let root: string
  let synced: string[] = []
  let restore: () => void
  before(async () => {
    root = await mkdtemp(join(tmpdir(), 'marina-places-'))
    restore = await noteSyncs((path) => synced.push(relative(root, path) || '.'))
  })
  after(async () => {
    restore?.()
    await rm(root, { recursive: true, force: true })
  })

  test('a new file needs its own folder and the one above, once these are known', async () => {
    const places = openPlaces(root)
    assert.deepEqual(await syncsOf(places, 'one/ab/1/data'), ['.', 'one', 'one/ab', 'one/ab/1'])
    assert.deepEqual(await syncsOf(places, 'one/ab/2/data'), ['one/ab', 'one/ab/2'])
    assert.deepEqual(await syncsOf(places, 'one/cd/3/data'), ['one', 'one/cd', 'one/cd/3'])
  })

  test('a process does not rely on folders that another one made and may not have synced', async () => {
    await mkdir(join(root, 'two/ab/1'), { recursive: true })
    assert.deepEqual(await syncsOf(openPlaces(root), 'two/ab/1/data'), ['.', 'two', 'two/ab', 'two/ab/1'])
  })

  test('a folder that was removed and made again by another process is synced again', async () => {
    const [places, other] = [openPlaces(root), openPlaces(root)]
    await syncsOf(places, 'three/ab/1/data')
    assert.equal(await other.takeAway(join(root, 'three/ab/1/data')), true)
    await sleep(20) // the clock of files may go in steps of 10 ms, and a new folder may get the old one's number
    await mkdir(join(root, 'three/ab'), { recursive: true })
    assert.deepEqual(await syncsOf(places, 'three/ab/2/data'), ['.', 'three', 'three/ab', 'three/ab/2'])
  })

  test('files that are put at the same moment share the syncs of their folders', async () => {
    const places = openPlaces(root)
    await syncsOf(places, 'four/ab/0/data')
    synced = []
    await Promise.all(Array.from({ length: 50 }, (_, n) => put(places, `four/ab/${n + 1}/data`)))
    const above = synced.filter((path) => path === 'four/ab').length
    assert.ok(above >= 1 && above < 50, `${above} syncs of the folder above`)
    assert.equal(synced.filter((path) => path !== 'four/ab').length, 50)
  })

  test('a file is placed without a sync; places that are settled together sync each folder once', async () => {
    const places = openPlaces(root)
    await syncsOf(places, 'five/ab/0/data')
    synced = []
    const paths = Array.from({ length: 20 }, (_, n) => join(root, `five/${n % 2 ? 'ab' : 'cd'}/${n + 1}/data`))
    await Promise.all(paths.map(async (path, n) => assert.ok(await places.place(await given(`five-${n}`), path))))
    assert.deepEqual(synced, [])
    await places.settle(paths)
    const own = paths.map((path) => relative(root, dirname(path)))
    assert.equal(synced.length, own.length + 3, 'each once')
    assert.deepEqual(new Set(synced), new Set([...own, 'five', 'five/ab', 'five/cd']))
  })

  test('a place that is taken stays as it is', async () => {
    const places = openPlaces(root)
    await syncsOf(places, 'six/ab/1/data')
    const from = await given('six-other', 'other bytes')
    assert.equal(await places.place(from, join(root, 'six/ab/1/data')), false)
    assert.equal(await readFile(join(root, 'six/ab/1/data'), 'utf8'), 'bytes')
    assert.equal(await readFile(from, 'utf8'), 'other bytes')
  })

  /** The folders that were synced for one file, sorted. */
  async function syncsOf(places: ReturnType<typeof openPlaces>, path: string): Promise<string[]> {
    synced = []
    await put(places, path)
    return synced.toSorted()
  }

  async function put(places: ReturnType<typeof openPlaces>, path: string) {
    await places.put(await given(path.replaceAll('/', '-')), join(root, path))
  }

  async function given(name: string, bytes = 'bytes'): Promise<string> {
    await writeFile(join(root, name), bytes)
    return join(root, name)
  }
})

/** Tells the path of each file or folder that this process syncs; returns what ends that. */
async function noteSyncs(note: (path: string) => void): Promise<() => void> {
  const handle = await open(dirname(import.meta.filename))
  const kind = Object.getPrototypeOf(handle) as FileHandle
  await handle.close()
  const { sync } = kind
  kind.sync = async function (this: FileHandle) {
    note(await readlink(`/proc/self/fd/${this.fd}`))
    return sync.call(this)
  }
  return () => void (kind.sync = sync)
}
