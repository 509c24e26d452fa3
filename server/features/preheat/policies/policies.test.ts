/** Harbor's operations on the policies of a project, and Marina's preview. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { findSchedule } from '../../../platform/jobs/schedule.ts'
import { sql } from '../../../platform/db/sql.ts'
import { fresh, givenCast, givenProject, pushImage, pushIndex, pushReferrer } from '../../../testing/given.ts'
import { expectAnswer } from '../../../testing/http.ts'
import { finding, givenReport, givenScanner } from '../../../testing/reports.ts'
import { everything, openPreheatScene, trigger } from '../preheat.suite.ts'

const { marina, call, makeInstance, makePolicy } = await openPreheatScene()
const cast = await givenCast(marina)
const instance = await makeInstance()
const of = (project: string) => `/projects/${project}/preheat/policies`
const body = (more: object = {}) => ({
  name: fresh('p'),
  description: '',
  provider_id: instance.id,
  filters: everything,
  trigger: trigger('manual'),
  enabled: true,
  ...more,
})
type Shown = Record<string, unknown> & { id: number; name: string; update_time: string }
const show = async (path: string) => expectAnswer(await call('GET', path), 200).json() as Shown

test("N-02: a policy is saved, read, replaced and deleted with Harbor's bodies", async () => {
  const given = body()
  const made = expectAnswer(await call('POST', of(cast.A.name), given, cast.uaA), 201)
  assert.equal(made.headers.location, `/api/v2.0${of(cast.A.name)}/${given.name}`)
  const path = `${of(cast.A.name)}/${given.name}`
  const { id, creation_time: created, update_time: updated, ...shown } = await show(path)
  const { description: _, ...sent } = given
  assert.deepEqual(shown, { ...sent, project_id: cast.A.id, provider_name: instance.name })
  assert.equal(created, updated)
  const extra = '{"scope":"all_peers","cluster_ids":[1,2]}'
  const filters =
    '[{"type":"repository","value":"app"},{"type":"label","value":"a,b"},' +
    '{"type":"signature","value":true},{"type":"vulnerability","value":3}]'
  expectAnswer(await call('PUT', path, { ...given, id, description: 'new', filters, extra_attrs: extra }), 200)
  const changed = await show(path)
  assert.deepEqual(
    [changed.id, changed['description'], changed['filters'], changed['extra_attrs']],
    [id, 'new', filters, extra],
  )
  assert.notEqual(changed.update_time, updated)
  const renamed = fresh('p')
  expectAnswer(await call('PUT', path, body({ name: renamed })), 200)
  assert.match(
    expectAnswer(await call('GET', path), 404, 'NOT_FOUND').text,
    new RegExp(`policy ${given.name} not found`),
  )
  expectAnswer(await call('DELETE', `${of(cast.A.name)}/${renamed}`), 200)
  expectAnswer(await call('DELETE', `${of(cast.A.name)}/${renamed}`), 404, 'NOT_FOUND')
  expectAnswer(await call('GET', `${of(cast.A.name)}/${renamed}/executions`), 404, 'NOT_FOUND')
})

test('what cannot be used is refused with a reason, and changes nothing', async () => {
  const kept = await makePolicy({}, cast.B.name)
  const before = await show(kept)
  const filter = (type: string, value: unknown) => ({ filters: JSON.stringify([{ type, value }]) })
  const cases: [object, RegExp][] = [
    [{ name: '' }, /name must have/],
    [{ name: 'A b/c' }, /name must have/],
    [{ filters: undefined }, /filters is missing/],
    [{ filters: 'x' }, /filters is not JSON/],
    [{ filters: '{}' }, /filters must be a list/],
    [{ filters: '[5]' }, /a filter must be an object/],
    [filter('nope', 'x'), /invalid filter type/],
    [filter('repository', 5), /must be a text/],
    [filter('tag', ''), /tag filter is empty/],
    [filter('tag', '{a'), /cannot be read/],
    [filter('signature', 'yes'), /true or false/],
    [filter('vulnerability', 'high'), /must be a number/],
    [filter('vulnerability', 1.5), /severity from 0/],
    [{ trigger: undefined }, /trigger is missing/],
    [{ trigger: 'x' }, /trigger is not JSON/],
    [{ trigger: trigger('nope') }, /invalid trigger type/],
    [{ trigger: trigger('scheduled') }, /cron string cannot be empty/],
    [{ trigger: trigger('scheduled', 'x') }, /invalid cron string for scheduled preheat: x/],
    [{ extra_attrs: 'x' }, /extra_attrs is not JSON/],
    [{ extra_attrs: '{"scope":"nope"}' }, /scope must be one of single_seed_peer, all_seed_peers, all_peers/],
    [{ extra_attrs: '{"cluster_ids":["a"]}' }, /ids of clusters/],
    [{ extra_attrs: '{"speed":1}' }, /not \\"speed\\"/],
  ]
  for (const [more, text] of cases) {
    assert.match(expectAnswer(await call('POST', of(cast.B.name), body(more)), 400, 'BAD_REQUEST').text, text)
    assert.match(expectAnswer(await call('PUT', kept, body(more)), 400, 'BAD_REQUEST').text, text)
  }
  const kraken = await makeInstance({ vendor: 'kraken' })
  const scoped = body({ provider_id: kraken.id, extra_attrs: '{"scope":"all_peers"}' })
  assert.match(
    expectAnswer(await call('POST', of(cast.B.name), scoped), 400, 'BAD_REQUEST').text,
    /kraken has neither scopes/,
  )
  for (const id of [undefined, 0, 99_999_999])
    assert.match(
      expectAnswer(await call('POST', of(cast.B.name), body({ provider_id: id })), 404, 'NOT_FOUND').text,
      new RegExp(`instance ${id ?? 0} not found`),
    )
  const twice = expectAnswer(await call('POST', of(cast.B.name), body({ name: before.name })), 409, 'CONFLICT')
  assert.match(twice.text, new RegExp(`policy ${before.name} already exists`))
  assert.deepEqual(await show(kept), before)
})

test('a policy belongs to its project: no other path leads to it', async () => {
  const policy = await makePolicy({}, cast.A.name)
  const name = policy.split('/').at(-1)!
  const elsewhere = `${of(cast.B.name)}/${name}`
  for (const method of ['GET', 'DELETE']) expectAnswer(await call(method, elsewhere), 404, 'NOT_FOUND')
  expectAnswer(await call('PUT', elsewhere, body({ name })), 404, 'NOT_FOUND')
  for (const as of [cast.maA, cast.deA, cast.guA])
    expectAnswer(await call('GET', policy, undefined, as), 403, 'FORBIDDEN')
  assert.equal((await show(policy)).name, name)
})

test('a schedule follows its policy, and goes with the policy and its project', async () => {
  const cron = '0 0 3 * * *'
  const project = await givenProject(marina)
  const policy = await makePolicy({ trigger: trigger('scheduled', cron) }, project.name)
  const { id, name } = await show(policy)
  const scheduled = async () => (await findSchedule(marina.ground.db, 'P2P_PREHEAT', id))?.cron
  assert.equal(await scheduled(), cron)
  const save = async (more: object) => expectAnswer(await call('PUT', policy, body({ name, ...more })), 200)
  await save({ trigger: trigger('scheduled', cron), enabled: false })
  assert.equal(await scheduled(), undefined)
  await save({ trigger: trigger('scheduled', '0 30 4 * * *') })
  assert.equal(await scheduled(), '0 30 4 * * *')
  await save({})
  assert.equal(await scheduled(), undefined)
  await save({ trigger: trigger('scheduled', cron) })
  expectAnswer(await call('DELETE', `/projects/${project.name}`), 200)
  assert.equal(await scheduled(), undefined)
})

type Preview = { is_complete: boolean; preheat: number; skip: number; images: PreviewRow[] }
type PreviewRow = { repository: string; tag: string; action: string; reason?: string }

test('N-02: a preview shows what each filter chooses, and why an image is left out', async () => {
  const scanner = await givenScanner(marina)
  const { name: project } = await givenProject(marina)
  const push = (repository: string, tag: string) => pushImage(marina, `${project}/${repository}`, { tag })
  const [app1, app2, deep] = [await push('app', 'v1'), await push('app', 'v2'), await push('lib/deep', 'v1')]
  await pushReferrer(marina, `${project}/app`, app1)
  const hot = fresh('hot')
  const label = await marina.ground.db.row<{ id: number }>(sql`insert into label (name) values (${hot}) returning id`)
  expectAnswer(await call('POST', `/projects/${project}/repositories/app/artifacts/v2/labels`, { id: label!.id }), 200)
  await givenReport(marina, app1, scanner, [finding('CVE-1', 'High')])
  await givenReport(marina, app2, scanner, [finding('CVE-2', 'Low')])
  const look = async (filters: object[], query = '') => {
    const answer = await call('POST', `/projects/${project}/preheat/preview${query}`, {
      filters: JSON.stringify(filters),
    })
    return expectAnswer(answer, 200).json() as Preview
  }
  const rows = async (...filters: object[]) =>
    (await look(filters)).images.map(
      ({ repository, tag, action, reason }) =>
        `${repository.replace(`${project}/`, '')}:${tag} ${action}${reason === undefined ? '' : `: ${reason}`}`,
    )
  const is = (type: string, value: unknown) => ({ type, value })
  assert.deepEqual(await rows(), ['app:v1 preheat', 'app:v2 preheat', 'lib/deep:v1 preheat'])
  assert.deepEqual(await rows(is('repository', 'lib/**')), ['lib/deep:v1 preheat'])
  assert.deepEqual(await rows(is('repository', '*'), is('tag', 'v2')), ['app:v2 preheat'])
  assert.deepEqual(await rows(is('label', hot)), ['app:v2 preheat'])
  assert.deepEqual(await rows(is('label', `${hot},none`)), [])
  const below = (code: number) => rows(is('vulnerability', code))
  assert.deepEqual(await below(4), [
    'app:v1 skip: its worst vulnerability is high',
    'app:v2 preheat',
    'lib/deep:v1 skip: it was not scanned',
  ])
  assert.deepEqual((await below(5)).slice(0, 2), ['app:v1 preheat', 'app:v2 preheat'])
  assert.deepEqual((await below(2)).slice(0, 2), [
    'app:v1 skip: its worst vulnerability is high',
    'app:v2 skip: its worst vulnerability is low',
  ])
  // The allowlist in force accepts what it names, as it does for pulls.
  const list = { items: [{ cve_id: 'CVE-1' }] }
  const metadata = { reuse_sys_cve_allowlist: 'false' }
  expectAnswer(await call('PUT', `/projects/${project}`, { metadata, cve_allowlist: list }), 200)
  assert.equal((await below(4))[0], 'app:v1 preheat')
  // Of an index the worst of its images counts.
  await pushIndex(marina, `${project}/many`, [await push('many', 'a'), await push('many', 'b')], { tag: 'all' })
  const many = () => rows(is('repository', 'many'), is('vulnerability', 4))
  assert.equal((await many())[1], 'many:all skip: it was not scanned')
  assert.deepEqual(
    [
      (await look([], '?limit=2')).is_complete,
      (await look([], '?limit=2')).images.length,
      (await look([])).is_complete,
    ],
    [false, 2, true],
  )
  assert.equal(deep.repository, `${project}/lib/deep`)
})

test('what a project lets nobody pull, unsigned or vulnerable images, is not preheated, as in Harbor', async () => {
  const { name: project } = await givenProject(marina)
  const [plain, signed] = [
    await pushImage(marina, `${project}/app`, { tag: 'plain' }),
    await pushImage(marina, `${project}/app`, { tag: 'signed' }),
  ]
  const artifactType = 'application/vnd.dev.sigstore.bundle.v0.3+json'
  await pushReferrer(marina, `${project}/app`, signed, { artifactType })
  await marina.ground.db.run(sql`
    update accessory set type = 'signature.cosign'
    where subject_digest = ${signed.digest} and repository_id = (
      select id from repository where name = ${`${project}/app`})`)
  const policy = await makePolicy({}, project)
  const reasons = async () =>
    (expectAnswer(await call('GET', `${policy}/preview`), 200).json() as Preview).images.map(({ reason }) => reason)
  assert.deepEqual(await reasons(), [undefined, undefined])
  const set = async (metadata: object) => expectAnswer(await call('PUT', `/projects/${project}`, { metadata }), 200)
  await set({ enable_content_trust_cosign: 'true' })
  assert.deepEqual(await reasons(), ['it has no signature', undefined])
  await set({ enable_content_trust_cosign: 'false', prevent_vul: 'true', severity: 'critical' })
  assert.deepEqual(await reasons(), ['it was not scanned', 'it was not scanned'])
  assert.equal(plain.repository, signed.repository)
})
