import type { Client as Database } from 'pg'
import { openClient, type Client } from './client.ts'
import type { Held, History, OpenUpload, TagKey } from './history.ts'
import { sha256, type Image } from './image.ts'

type Checked = { port: number; authorization: string; history: History; database: Database; everything: boolean }

/**
 * Checks a restarted Marina: every acknowledged image is there and whole, every other one is whole or absent. Problems
 * are added to the history's violations. Afterwards the history holds no open change.
 */
export async function checkAfterCrash({ port, authorization, history, database, everything }: Checked): Promise<void> {
  using client = openClient(port, authorization)
  const lookAt = everything ? [...history.images.values()] : [...history.touched]
  for (const held of lookAt) await checkImage(client, history, held)
  for (const key of history.tags.keys()) await checkTag(client, history, key)
  for (const upload of history.uploads) await checkUpload(client, history, upload)
  history.uploads.clear()
  await checkOutbox(database, history, lookAt)
  history.touched.clear()
}

async function checkImage(client: Client, history: History, held: Held): Promise<void> {
  const name = `${held.repository}@${held.image.digest}`
  const before = held.state
  const found = await findImage(client, held.repository, held.image)
  if (found !== 'whole' && found !== 'absent') history.violate(`half visible: ${name} (${before}): ${found}`)
  if (found === 'absent' && before === 'there') history.violate(`lost: ${name} was acknowledged`)
  if (found === 'whole' && before === 'gone') history.violate(`resurrected: ${name} was deleted`)
  held.state = found === 'absent' ? 'gone' : 'there'
}

/** 'whole', 'absent', or a sentence that says what is wrong. */
async function findImage(client: Client, repository: string, image: Image): Promise<string> {
  const { status, headers, body } = await client.ask('GET', `/v2/${repository}/manifests/${image.digest}`)
  if (status === 404) return 'absent'
  if (status !== 200) return `manifest: ${status} ${body.toString()}`
  if (!body.equals(image.bytes) || headers['content-type'] !== image.mediaType)
    return 'the manifest has other bytes or another type'
  return (await partsMissing(client, repository, image)) ?? 'whole'
}

async function partsMissing(client: Client, repository: string, image: Image): Promise<string | undefined> {
  for (const blob of image.blobs) {
    const { status, body } = await client.ask('GET', `/v2/${repository}/blobs/${blob.digest}`)
    if (status !== 200 || sha256(body) !== blob.digest)
      return `blob ${blob.digest}: ${status}, ${body.length} of ${blob.bytes.length} bytes`
  }
  for (const child of image.children) {
    const found = await findImage(client, repository, child)
    if (found !== 'whole') return `child ${child.digest}: ${found}`
  }
  return undefined
}

async function checkTag(client: Client, history: History, key: TagKey): Promise<void> {
  const colon = key.lastIndexOf(':')
  const [repository, tag] = [key.slice(0, colon), key.slice(colon + 1)]
  const { status, body } = await client.ask('GET', `/v2/${repository}/manifests/${tag}`)
  if (status !== 200 && status !== 404) history.violate(`tag ${key}: ${status} ${body.toString()}`)
  const value = status === 200 ? sha256(body) : null
  const now = history.now()
  if (!history.mayRead(key, value, now, now))
    history.violate(`tag ${key} points at ${value ?? 'nothing'}: nobody put it there last`)
  const held = value === null ? undefined : history.find(repository, value)
  if (value !== null && held?.state !== 'there')
    history.violate(`tag ${key} points at ${value}, which was ${held ? 'deleted' : 'never pushed'}`)
  if (held) {
    const missing = await partsMissing(client, repository, held.image)
    if (missing) history.violate(`half visible: tag ${key}: ${missing}`)
  }
  history.settle(key, value)
}

/** An upload must be unknown, or go on at an offset from which the rest gives the right digest. */
async function checkUpload(client: Client, history: History, upload: OpenUpload): Promise<void> {
  const { location, blob, sent, acknowledged, repository } = upload
  const complain = (what: string) => history.violate(`upload ${location}: ${what}`)
  if (upload.isOver) return checkFreshUpload(client, upload, complain)
  const status = await client.ask('GET', location)
  if (status.status === 404) {
    // That the upload is unknown is right when its PUT succeeded; otherwise acknowledged bytes were lost.
    const { status: found } = await client.ask('HEAD', `/v2/${repository}/blobs/${blob.digest}`)
    if (found === 200 || upload.mayBeLost) return undefined
    // An upload without bytes has nothing to lose, and may be known to the killed process alone.
    if (acknowledged === 0) return checkFreshUpload(client, upload, complain)
    return upload.mayBeOver
      ? checkFreshUpload(client, upload, complain)
      : complain(`${acknowledged} acknowledged bytes are gone`)
  }
  if (status.status !== 204) return complain(`status ${status.status}`)
  const last = Number(/^0-(\d+)$/.exec(status.headers.range ?? '')?.[1])
  const offset = last === 0 && acknowledged !== 1 ? 0 : last + 1
  if (!((offset >= acknowledged || upload.mayBeLost) && offset <= sent))
    return complain(`goes on at ${offset}; ${acknowledged} were acknowledged, ${sent} sent`)
  // A kill between the move of the bytes and the commit ends the upload. Only the next request to it says so, and
  // another kill may cut that answer. Then a new upload must succeed.
  if (sent === blob.bytes.length) upload.mayBeOver = true
  upload.sent = blob.bytes.length
  // Range 0-0 stands for one byte as well as for none.
  if ((await patchFrom(client, upload, offset)) === 416 && offset === 0) await patchFrom(client, upload, 1)
  const { status: done, body } = await client.ask('PUT', `${location}?digest=${blob.digest}`, { body: Buffer.alloc(0) })
  if (done === 404 && upload.mayBeOver) {
    upload.isOver = true
    return checkFreshUpload(client, upload, complain)
  }
  if (done !== 201) return complain(`resumed at ${offset} it ended with ${done} ${body.toString()}`)
  const pulled = await client.ask('GET', `/v2/${repository}/blobs/${blob.digest}`)
  if (pulled.status !== 200 || !pulled.body.equals(blob.bytes)) complain(`resumed at ${offset} it holds other bytes`)
}

async function patchFrom(client: Client, { location, blob: { bytes } }: OpenUpload, offset: number): Promise<number> {
  const headers: Record<string, string> =
    offset < bytes.length ? { 'content-range': `${offset}-${bytes.length - 1}` } : {}
  return (await client.ask('PATCH', location, { headers, body: bytes.subarray(offset) })).status
}

async function checkFreshUpload(
  client: Client,
  { repository, blob }: OpenUpload,
  complain: (what: string) => void,
): Promise<void> {
  const { status } = await client.ask('POST', `/v2/${repository}/blobs/uploads/?digest=${blob.digest}`, {
    body: blob.bytes,
  })
  if (status !== 201) complain(`a new upload of the same bytes ended with ${status}`)
}

/** Checks that each acknowledged change has one fact, and that no fact tells of a change that no client began. */
async function checkOutbox(database: Database, history: History, lookAt: Held[]): Promise<void> {
  const digests = lookAt.map(({ image }) => image.digest)
  const facts = await countFacts(
    database,
    `select topic || ' ' || (payload->>'repository') || '@' || (payload->>'digest') as fact, count(*)::int as count
    from outbox where topic in ('artifact.pushed', 'artifact.deleted') and payload->>'digest' = any($1) group by 1`,
    [digests],
  )
  for (const held of lookAt) {
    const name = `${held.repository}@${held.image.digest}`
    checkCount(history, `artifact.pushed ${name}`, facts, held.pushes)
    checkCount(history, `artifact.deleted ${name}`, facts, held.deletes)
    const [pushed, deleted] = [facts.get(`artifact.pushed ${name}`) ?? 0, facts.get(`artifact.deleted ${name}`) ?? 0]
    if ((held.state === 'there') !== (pushed > 0 && deleted === 0))
      history.violate(`facts: ${name} is ${held.state} with ${pushed} pushes and ${deleted} deletes told`)
  }
  const ended = await countFacts(
    database,
    `select (payload->>'repository') || ':' || (payload->>'tag') as fact, count(*)::int as count
    from outbox where topic = 'tag.deleted' group by 1`,
    [],
  )
  for (const [key, count] of history.tagDeletes) checkCount(history, key, ended, count)
  const moved = await countFacts(
    database,
    `select (payload->>'repository') || ':' || (payload->>'tag') || ' ' || (payload->>'digest') as fact,
      count(*)::int as count
    from outbox where topic in ('tag.created', 'tag.moved') group by 1`,
    [],
  )
  for (const [key, [write]] of history.tags) {
    if (write?.value && !moved.has(`${key} ${write.value}`))
      history.violate(`facts: there is none that ${key} points at ${write.value}`)
  }
}

function checkCount(
  history: History,
  name: string,
  facts: Map<string, number>,
  { started, acknowledged }: { started: number; acknowledged: number },
) {
  const told = facts.get(name) ?? 0
  if (told < acknowledged || told > started)
    history.violate(`facts: ${name} was told ${told} times; ${acknowledged} were acknowledged, ${started} begun`)
}

async function countFacts(database: Database, statement: string, values: unknown[]): Promise<Map<string, number>> {
  const { rows } = await database.query<{ fact: string; count: number }>(statement, values)
  return new Map(rows.map(({ fact, count }) => [fact, count]))
}
