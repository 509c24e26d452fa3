import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, test } from 'node:test'
import type { Project } from '../../../catalog/project.ts'
import { sql } from '../../../platform/db/sql.ts'
import { fresh, givenProject } from '../../../testing/given.ts'
import { expectAnswer } from '../../../testing/http.ts'
import { randomOf } from '../../../testing/random.ts'
import { openTestRedis } from '../../../testing/redis.ts'
import { openRest } from '../../../testing/rest.ts'
import { openBeside, openTestMarina, type TestMarina } from '../../../testing/server.ts'
import { chooseScanner } from '../../scanning/store.ts'
import type { Wanted } from '../columns.ts'
import type { ArtifactObject } from '../store.ts'
import { objectOf } from './object.ts'
import { plainList, readObjects } from './plain.suite.ts'
import { keptReader } from './store.ts'

/** `first` reads from the database, `second` what the first has put into Redis, and both again from memory. */
let first: TestMarina
let second: TestMarina
const opened = new AsyncDisposableStack()
before(async () => {
  const redis = opened.use(await openTestRedis())
  first = opened.use(await openTestMarina({ MARINA_REDIS_URL: redis.url }))
  second = opened.use(await openBeside(first, { MARINA_REDIS_URL: redis.url }))
})
after(() => opened.disposeAsync())

/** Texts of one to four bytes a letter, and those that have a meaning in JSON, in patterns and in our own texts. */
const words = [
  'a',
  '',
  'é',
  'ÿ\u0080',
  '漢字',
  '🐳',
  '"',
  '\\',
  '\\"',
  '"digest":"',
  '\u0001\u007f',
  '\n',
  'a\nb',
  '__proto__',
]
/**
 * No key begins with a backslash: after an object with the key `\\`, JSON.parse of V8 13.6 (Node 24) takes the key `\n`
 * of the next one for `\\`, and the two sides would have to meet that in the same order.
 */
const keys = [
  ...words.filter((word) => !word.startsWith('\\')),
  'a\\b',
  '10',
  '2',
  'constructor',
  '\u2028',
  'toString',
  'a.b/c',
]
type Random = () => number
const pick = <One>(random: Random, all: readonly One[]): One => all[Math.floor(random() * all.length)]!
const wordsOf = (random: Random) =>
  Array.from({ length: 1 + Math.floor(random() * 3) }, () => pick(random, words)).join('')

function valueOf(random: Random, depth = 0): unknown {
  const kind = random()
  if (kind < 0.4) return wordsOf(random)
  if (kind < 0.6) return pick(random, [0, -0, 1.5, 1e21, 1e-7, 2 ** 53, -1, true, false, null])
  if (depth > 2) return []
  if (kind < 0.75) return Array.from({ length: Math.floor(random() * 3) }, () => valueOf(random, depth + 1))
  return recordOf(random, () => valueOf(random, depth + 1))
}

const recordOf = <Value>(random: Random, value: () => Value): Record<string, Value> =>
  Object.fromEntries(Array.from({ length: Math.floor(random() * 4) }, () => [pick(random, keys), value()]))

const types = ['IMAGE', 'CHART', 'CNAB', 'SBOM', 'WASM', 'UNKNOWN', 'ÄÖ"\\', '漢']
const mediaTypes = ['application/vnd.oci.image.manifest.v1+json', 'a; b="c"', 'words é 漢', '\\"']
const times = [
  '2026-11-30T12:00:00Z',
  '2026-11-30T12:00:00.999999Z',
  '2025-01-01T00:00:00.0105+03',
  '1999-12-31T23:59:59.1Z',
]
const digest = () => `sha256:${randomBytes(32).toString('hex')}`

type World = { project: Project; repository: { id: number; name: string }; ids: number[] }

async function givenArtifacts(random: Random, count: number): Promise<World> {
  const { db } = first.ground
  const project = await givenProject(first)
  const name = `${project.name}/app/part`
  const { id } = (await db.row<{ id: number }>(
    sql`insert into repository (project_id, name) values (${project.id}, ${name}) returning id`,
  ))!
  const ids: number[] = []
  for (let index = 0; index < count; index++) ids.push(await givenArtifact(random, id, ids))
  await givenBeside(random, project, id, ids)
  return { project, repository: { id, name }, ids }
}

async function givenArtifact(random: Random, repositoryId: number, earlier: number[]): Promise<number> {
  const { db } = first.ground
  const isIndex = earlier.length > 0 && random() < 0.25
  const maybe = <Value>(value: Value) => (random() < 0.5 ? value : null)
  const row = await db.row<{ id: number }>(sql`
    insert into artifact (
      repository_id, digest, media_type, config_media_type, artifact_type, kind, type, size, extra_attrs, annotations,
      pull_count, pushed_at, pulled_at, icon_digest)
    values (${repositoryId}, ${digest()}, ${pick(random, mediaTypes)}, ${maybe(pick(random, mediaTypes))},
      ${maybe(pick(random, mediaTypes))}, ${isIndex ? 'index' : 'image'}, ${pick(random, types)},
      ${pick(random, [0, 1, 2 ** 40])}, ${JSON.stringify(recordOf(random, () => valueOf(random)))}::jsonb,
      ${JSON.stringify(recordOf(random, () => wordsOf(random)))}::jsonb, ${pick(random, [0, 7, 2 ** 33])},
      ${pick(random, times)}::timestamptz, ${maybe(pick(random, times))}::timestamptz, ${maybe(digest())})
    returning id`)
  const { id } = row!
  const parts = isIndex ? new Set([pick(random, earlier), pick(random, earlier)]) : []
  for (const child of parts)
    await db.run(sql`
      insert into artifact_child (parent_id, child_id, repository_id, position, platform, annotations)
      values (${id}, ${child}, ${repositoryId}, ${Math.floor(random() * 2)},
        ${maybe(JSON.stringify(platformOf(random)))}::jsonb,
        ${maybe(JSON.stringify(recordOf(random, () => wordsOf(random))))}::jsonb)`)
  for (let left = Math.floor(random() * 4); left > 0; left--)
    await db.run(sql`
      insert into tag (repository_id, artifact_id, name, pushed_at, pulled_at, pull_count)
      values (${repositoryId}, ${id}, ${fresh('T._-')}, ${pick(random, times)}::timestamptz,
        ${maybe(pick(random, times))}::timestamptz, ${pick(random, [0, 3])})`)
  return id
}

/** The author of an index may write anything into its platforms. */
const platformOf = (random: Random) => ({
  os: pick(random, ['linux', 'é"', 1, null]),
  architecture: pick(random, ['amd64', '漢', {}]),
  'os.version': pick(random, [undefined, '10', 3]),
  'os.features': pick(random, [undefined, 'x', ['a', 1, 'é']]),
  variant: pick(random, [undefined, 'v7']),
  other: 'left out',
})

/** Labels, accessories, a scanner with reports, SBOMs and a rule that keeps some tags. */
async function givenBeside(random: Random, project: Project, repositoryId: number, ids: number[]): Promise<void> {
  const { db } = first.ground
  const label = (await db.row<{ id: number }>(sql`
    insert into label (name, description, color) values (${fresh('label')}, ${'é"\n漢'}, '#fff') returning id`))!
  const name = fresh('scanner')
  const scanner = (await db.row<{ id: string }>(sql`
    insert into scanner (name, url) values (${name}, ${`http://${name}.example`}) returning id`))!
  await db.transaction((tx) => chooseScanner(tx, project.id, scanner.id))
  const children = new Set(
    (
      await db.rows<{ id: number }>(sql`
        select parent_id as id from artifact_child where repository_id = ${repositoryId}`)
    ).map(({ id }) => id),
  )
  for (const id of ids) {
    if (random() < 0.3)
      await db.run(sql`insert into artifact_label (artifact_id, label_id) values (${id}, ${label.id})`)
    if (id !== ids[0] && random() < 0.2)
      await db.run(sql`
        insert into accessory (artifact_id, repository_id, subject_digest, type)
        select ${id}, ${repositoryId}, digest, 'signature.cosign' from artifact where id = ${pick(random, ids)}`)
    if (children.has(id)) continue
    if (random() < 0.6)
      await db.run(sql`
        insert into vulnerability_report (
          artifact_id, scanner_id, is_made, started_at, ended_at, mime_type, scanner, state, severity, total, counts)
        values (${id}, ${scanner.id}::uuid, true, ${times[0]}::timestamptz, ${times[1]}::timestamptz,
          ${pick(random, ['', 'application/vnd.security.vulnerability.report; version=1.1', 'other/é'])},
          ${JSON.stringify({ name: wordsOf(random), version: '漢' })}::jsonb, 'ok', 3, 12, '{0,0,1,11,0,0,0}')`)
    if (random() < 0.3)
      await db.run(sql`
        insert into sbom_report (artifact_id, is_made, sbom_id, scanner, started_at, ended_at)
        values (${id}, true, ${pick(random, [ids[0], null])}, '{"name":"é"}'::jsonb, now(), now())`)
  }
  const rule = {
    template: 'immutable_template',
    action: 'immutable',
    tag_selectors: [{ kind: 'doublestar', decoration: 'matches', pattern: '*{1,3,5,7,9,a,c,e}' }],
    scope_selectors: { repository: [{ kind: 'doublestar', decoration: 'repoMatches', pattern: '**' }] },
  }
  expectAnswer(await openRest(first)('POST', `/projects/${project.name}/immutabletagrules`, first.admin, rule), 201)
}

const flags = [
  'with_tag',
  'with_label',
  'with_accessory',
  'with_inherited_accessory',
  'with_immutable_status',
  'with_scan_overview',
  'with_sbom_overview',
] as const

/** Every combination, by a number from 0 to 127. */
const wantedBy = (bits: number): Wanted =>
  Object.fromEntries(flags.map((flag, index) => [flag, (bits >> index) % 2 === 1]))

const queryOf = (wanted: Wanted) => flags.map((flag) => `${flag}=${wanted[flag]}`).join('&')

/** Shows where two long texts begin to differ. */
function assertSame(shown: string, truth: string, what: string): void {
  if (shown === truth) return
  let at = 0
  while (shown[at] === truth[at]) at++
  assert.equal(shown.slice(Math.max(0, at - 80), at + 80), truth.slice(Math.max(0, at - 80), at + 80), what)
}

test('a list has the bytes that the serializer makes of plain objects, for any artifacts and all flags', async () => {
  const random = randomOf(66)
  const { project, ids } = await givenArtifacts(random, 24)
  const byId = ids.toSorted((a, b) => b - a)
  const get = async (marina: TestMarina, path: string) =>
    expectAnswer(await openRest(marina)('GET', `/projects/${project.name}/${path}`, marina.admin), 200).text
  for (let bits = 0; bits < 128; bits++) {
    const wanted = wantedBy(bits)
    const truth = await plainList(first.ground.db, project, byId, wanted)
    const query = `q=base%3D*&sort=-id&page_size=100&${queryOf(wanted)}`
    for (const marina of [first, second])
      for (const path of ['repositories/app%252Fpart/artifacts', 'artifacts'])
        assertSame(await get(marina, `${path}?${query}`), truth, `${path}?${query}`)
  }
  const wanted = wantedBy(127)
  for (const id of byId) {
    const truth = await plainList(first.ground.db, project, [id], wanted)
    const { digest: name } = JSON.parse(truth)[0] as { digest: string }
    const one = await get(second, `repositories/app%252Fpart/artifacts/${name}?${queryOf(wanted)}`)
    assert.equal(`[${one}]`, truth)
  }
})

test('of more than 1000 tags the newest 1000 are shown, in lists and for one artifact', async () => {
  const { db } = first.ground
  const { project, repository, ids } = await givenArtifacts(randomOf(1), 1)
  await db.run(sql`
    insert into tag (repository_id, artifact_id, name)
    select ${repository.id}, ${ids[0]!}, 'many' || n from generate_series(1, 1001) n`)
  const truth = await plainList(db, project, ids, {})
  assert.equal((JSON.parse(truth) as { tags: unknown[] }[])[0]!.tags.length, 1000)
  const list = await openRest(first)('GET', `/projects/${project.name}/artifacts`, first.admin)
  assert.equal(list.text, truth)
})

test('an artifact read from its text is what its rows say', async () => {
  const { db } = first.ground
  const { ids } = await givenArtifacts(randomOf(7), 30)
  const plain = new Map((await readObjects(db, ids)).map((one) => [one.id, one]))
  const kept = await keptReader()(db, ids)
  assert.equal(kept.length, ids.length)
  for (const one of kept) assert.deepEqual(factsOf(objectOf(one)), factsOf(plain.get(one.id)!))
})

/** Without what the serializer of the API leaves out: keys with a line break, and fields of platforms that it lacks. */
const factsOf = ({ extraAttrs, annotations, references, ...one }: ArtifactObject) => ({
  ...one,
  extraAttrs: plainOf(extraAttrs),
  annotations: plainOf(annotations),
  references: references.map(({ platform, annotations: own, ...more }) => ({
    ...more,
    hasPlatform: platform !== null,
    annotations: own && plainOf(own),
  })),
})

const plainOf = (value: object) => Object.entries(value).filter(([key]) => /^.*$/.test(key))
