import { setTimeout as sleep } from 'node:timers/promises'
import { Cut, openClient, type Client } from './client.ts'
import type { Held, History } from './history.ts'
import { makeIndex, randomImage, sha256, type Blob, type Image } from './image.ts'
import { openRandom, type Random } from './random.ts'

export const repositories = ['library/alpha', 'library/beta', 'library/deep/er/gamma']
/** Tags that all clients move. */
const sharedTags = ['latest', 'stable', 'edge']

type LoadOptions = {
  port: number
  authorization: string
  seed: number
  history: History
  shared: Blob[]
  pushers?: number
  pullers?: number
  deletesMore?: boolean
  /** True for clients that start one garbage collection after the other. */
  collects?: boolean
}

/** An answer that no fault can explain. */
class Refused extends Error {
  override name = 'Refused'
}

/** Runs pushing and pulling clients until `stop` is called or Marina is gone. Any other failure becomes a violation. */
export function startLoad({
  port,
  authorization,
  seed,
  history,
  shared,
  pushers = 7,
  pullers = 2,
  deletesMore = false,
  collects = false,
}: LoadOptions) {
  const stopping = new AbortController()
  const run = async (work: (at: Worker) => Promise<void>, number: number) => {
    using client = openClient(port, authorization)
    const worker = { client, history, shared, random: openRandom(seed * 100 + number), number, deletesMore }
    while (!stopping.signal.aborted) {
      try {
        await work(worker)
      } catch (error) {
        if (error instanceof Cut) return
        history.violate(error instanceof Error ? `${error.name}: ${error.message}` : String(error))
        return
      }
    }
  }
  const all = [
    ...Array.from({ length: pushers }, (_, number) => run(pusherStep, number)),
    ...Array.from({ length: pullers }, (_, number) => run(pullerStep, pushers + number)),
    ...(collects ? [run(({ random }) => collectorStep(port, random), pushers + pullers)] : []),
  ]
  return {
    /** Resolves when every client has ended. */
    ended: Promise.all(all),
    async stop() {
      stopping.abort()
      await Promise.all(all)
    },
  }
}

type Worker = { client: Client; history: History; shared: Blob[]; random: Random; number: number; deletesMore: boolean }

async function pusherStep(worker: Worker): Promise<void> {
  const { random } = worker
  const repository = random.pick(repositories)
  if (worker.deletesMore && random.chance(0.5)) return deleteImage(worker, repository)
  const kind = random.int(1, 100)
  if (kind <= 55) return pushNew(worker, repository)
  if (kind <= 65) return pushAsIndex(worker, repository)
  if (kind <= 77) return moveTag(worker, repository)
  if (kind <= 91) return deleteImage(worker, repository)
  return deleteTag(worker, repository)
}

async function pushNew(worker: Worker, repository: string): Promise<void> {
  const image = randomImage(worker.random, worker.shared)
  for (const blob of image.blobs) await pushBlob(worker, repository, blob)
  await pushManifest(worker, repository, image, chooseTags(worker))
}

async function pushAsIndex(worker: Worker, repository: string): Promise<void> {
  const children = [randomImage(worker.random, worker.shared), randomImage(worker.random, worker.shared)]
  const held: Held[] = []
  try {
    for (const child of children) {
      for (const blob of child.blobs) await pushBlob(worker, repository, blob)
      held.push(await pushManifest(worker, repository, child, []))
      held.at(-1)!.busy++ // no other client may delete it before the index exists
    }
    await pushManifest(worker, repository, makeIndex(children), chooseTags(worker))
  } finally {
    for (const one of held) one.busy--
  }
}

async function moveTag(worker: Worker, repository: string): Promise<void> {
  const held = chooseThere(worker, repository)
  if (!held) return
  held.busy++
  try {
    await pushManifest(worker, repository, held.image, [worker.random.pick(sharedTags)])
  } finally {
    held.busy--
  }
}

function chooseTags({ random, number }: Worker): string[] {
  const kind = random.int(1, 10)
  if (kind <= 2) return []
  if (kind <= 6) return [random.pick(sharedTags)]
  if (kind <= 9) return [`v${number}.${random.int(1, 9)}`]
  return [...sharedTags.slice(0, 2), `v${number}.${random.int(1, 9)}`]
}

function chooseThere({ history, random }: Worker, repository: string): Held | undefined {
  const all = [...history.images.values()]
    .slice(-120)
    .filter((held) => held.repository === repository && held.state === 'there' && held.busy === 0)
  return all.length === 0 ? undefined : random.pick(all)
}

async function pushManifest(
  { client, history, random }: Worker,
  repository: string,
  image: Image,
  tags: string[],
): Promise<Held> {
  const held = history.hold(repository, image)
  held.busy++
  held.pushes.started++
  for (const tag of tags) held.tags.add(tag)
  const writes = tags.map((tag) => history.write(repository, tag, image.digest))
  const isByTag = tags.length === 1 && random.chance(0.7)
  const path = isByTag
    ? tags[0]!
    : `${image.digest}${tags.length > 0 ? `?${tags.map((tag) => `tag=${tag}`).join('&')}` : ''}`
  try {
    const { status, body } = await client.ask('PUT', `/v2/${repository}/manifests/${path}`, {
      headers: { 'content-type': image.mediaType },
      body: image.bytes,
    })
    if (status !== 201) throw new Refused(`PUT of manifest ${repository}@${image.digest}: ${status} ${body.toString()}`)
    held.pushes.acknowledged++
    held.state = 'there'
    for (const isDone of writes) isDone(true)
    return held
  } finally {
    held.busy--
  }
}

async function deleteImage(worker: Worker, repository: string): Promise<void> {
  const { client, history } = worker
  const held = chooseThere(worker, repository)
  if (!held) return
  held.state = 'deleting'
  held.deletes.started++
  history.touched.add(held)
  const writes = [...held.tags].map((tag) => history.write(repository, tag, null, held.image.digest))
  const { status, body } = await client.ask('DELETE', `/v2/${repository}/manifests/${held.image.digest}`)
  if (status === 202) {
    held.deletes.acknowledged++
    held.state = 'gone'
    for (const isDone of writes) isDone(true)
  } else if (status === 412) {
    // 412: an index names the image.
    held.deletes.started--
    held.state = 'there'
    for (const isDone of writes) isDone(false)
  } else throw new Refused(`DELETE of manifest ${repository}@${held.image.digest}: ${status} ${body.toString()}`)
}

async function deleteTag({ client, history, random, number }: Worker, repository: string): Promise<void> {
  const tag = random.chance(0.5) ? random.pick(sharedTags) : `v${number}.${random.int(1, 9)}`
  const count = history.countTagDelete(repository, tag)
  count.started++
  const write = history.write(repository, tag, null)
  const { status, body } = await client.ask('DELETE', `/v2/${repository}/manifests/${tag}`)
  if (status === 202) {
    count.acknowledged++
    write(true)
  } else if (status === 404) {
    count.started--
    write(false)
  } else throw new Refused(`DELETE of tag ${repository}:${tag}: ${status} ${body.toString()}`)
}

async function pushBlob(worker: Worker, repository: string, blob: Blob): Promise<void> {
  const { client, random } = worker
  const { status } = await client.ask('HEAD', `/v2/${repository}/blobs/${blob.digest}`)
  if (status === 200) return
  if (status !== 404) throw new Refused(`HEAD of a blob: ${status}`)
  const kind = random.int(1, 3)
  if (kind === 1)
    return insist(
      client.ask('POST', `/v2/${repository}/blobs/uploads/?digest=${blob.digest}`, { body: blob.bytes }),
      201,
    )
  const { status: begun, headers } = await client.ask('POST', `/v2/${repository}/blobs/uploads/`, {
    body: Buffer.alloc(0),
  })
  if (begun !== 202) throw new Refused(`POST of an upload: ${begun}`)
  return kind === 2
    ? insist(client.ask('PUT', `${headers.location}?digest=${blob.digest}`, { body: blob.bytes }), 201)
    : pushInChunks(worker, repository, blob, headers.location!)
}

async function pushInChunks(
  { client, history, random }: Worker,
  repository: string,
  blob: Blob,
  location: string,
): Promise<void> {
  const upload = { repository, location, blob, sent: 0, acknowledged: 0 }
  history.uploads.add(upload)
  const cuts = Array.from({ length: random.int(1, 3) }, () => random.int(1, blob.bytes.length - 1)).sort(
    (a, b) => a - b,
  )
  for (const end of cuts) {
    const part = blob.bytes.subarray(upload.sent, end)
    if (part.length === 0) continue
    const range: Record<string, string> = random.chance(0.5) ? { 'content-range': `${upload.sent}-${end - 1}` } : {}
    upload.sent = end
    await insist(
      client.ask('PATCH', location, { headers: { 'content-type': 'application/octet-stream', ...range }, body: part }),
      202,
    )
    upload.acknowledged = end
  }
  const rest = blob.bytes.subarray(upload.sent)
  upload.sent = blob.bytes.length
  await insist(client.ask('PUT', `${location}?digest=${blob.digest}`, { body: rest }), 201)
  history.uploads.delete(upload)
}

async function insist(asked: ReturnType<Client['ask']>, wanted: number): Promise<void> {
  const { status, body } = await asked
  if (status !== wanted) throw new Refused(`${status} instead of ${wanted}: ${body.toString()}`)
}

async function collectorStep(port: number, random: Random): Promise<void> {
  using client = openClient(port)
  const body = Buffer.from(JSON.stringify({ schedule: { type: 'Manual' }, parameters: { workers: 2 } }))
  const { status, body: said } = await client.ask('POST', '/api/v2.0/system/gc/schedule', {
    headers: { 'content-type': 'application/json' },
    body,
  })
  // 409: another collection is unfinished, perhaps one of a killed Marina.
  if (![201, 409].includes(status)) throw new Refused(`POST of a garbage collection: ${status} ${said.toString()}`)
  await sleep(random.int(50, 150))
}

/** A pull by tag must give a whole image that the tag may have pointed at; a pull by digest the acknowledged image. */
async function pullerStep({ client, history, random }: Worker): Promise<void> {
  const repository = random.pick(repositories)
  const tag = random.pick(sharedTags)
  const start = history.now()
  const { status, body } = await client.ask('GET', `/v2/${repository}/manifests/${tag}`)
  const end = history.now()
  if (status !== 200 && status !== 404) throw new Refused(`pull of ${repository}:${tag}: ${status} ${body.toString()}`)
  const digest = status === 200 ? sha256(body) : null
  if (!history.mayRead(`${repository}:${tag}`, digest, start, end))
    history.violate(`stale: ${repository}:${tag} was read as ${digest}`)
  const held = digest === null ? undefined : history.find(repository, digest)
  if (digest !== null && !held) return history.violate(`${repository}:${tag} gave ${digest}, which nobody pushed`)
  for (const blob of held?.image.blobs ?? []) {
    const answer = await client.ask('GET', `/v2/${repository}/blobs/${blob.digest}`)
    // The image was deleted between the two requests: its blobs are no longer in this repository (F34).
    if (answer.status === 404 && held?.state !== 'there') return
    if (answer.status !== 200 || sha256(answer.body) !== blob.digest)
      history.violate(
        `pull of ${repository}:${tag}: blob ${blob.digest} gave ${answer.status}, ${answer.body.length} bytes`,
      )
  }
}
