import type { Actor } from '../../catalog/topics.ts'
import { isReferenceViolation, isUniqueViolation, type Db, type Queryable, type Tx } from '../../platform/db/db.ts'
import { clientHost, mirrorsKey } from '../../registry/views/proxied/mirrors.ts'
import { cacheRulesKey } from '../../registry/views/proxied/rules.ts'
import { sql } from '../../platform/db/sql.ts'
import { differing } from '../../platform/events/differing.ts'
import { emit } from '../../platform/events/emit.ts'
import { Failure } from '../../platform/http/failure.ts'
import { reachable, sealSecret, type Seal } from './open.ts'
import { checkHealth, type Reaching } from './ping.ts'
import { addressProblem, endpointProblem, type CheckedEndpoint, type NewEndpoint } from './rules.ts'
import { changeEndpoint, dropEndpoint, lockEndpoint, saveEndpoint, type Endpoint, type Status } from './store.ts'
import { facts } from './topics.ts'
import { withKind } from './wire.ts'

/** What a feature says of an endpoint: `replication policies` and their names. */
export type Use = { kind: string; names: string[] }
/** Finds what uses an endpoint; features lend it to this one, so that it need not know them. */
export type FindUse = (db: Queryable, endpointId: number) => Promise<Use | undefined>

export type Ground = Reaching & { db: Db; seal: Seal; uses: FindUse[] }

/** Throws BAD_REQUEST, also when the registry does not answer, or CONFLICT when the name is taken. */
export async function createEndpoint({ db, seal, ...ground }: Ground, by: Actor, wanted: NewEndpoint): Promise<number> {
  const checked = parse(wanted, endpointProblem(wanted))
  await refuseTakenName(db, checked.name)
  await refuseUnhealthy(ground, checked)
  return refusingDuplicates(checked.name, () =>
    db.transaction(async (tx) => {
      const id = await saveEndpoint(tx, kept(seal, checked))
      const { name, type, url } = checked
      await emit(tx, [facts.endpointCreated({ endpointId: id, name, type, url }, by)])
      return id
    }),
  )
}

/** The fields that say where and how the registry is asked: with a new one it must answer before it is saved. */
const ofAddress = [
  'url',
  'tokenServiceUrl',
  'credentialType',
  'accessKey',
  'accessSecret',
  'isInsecure',
  'caCertificate',
] as const

/** Fields that are absent stay. Throws BAD_REQUEST, CONFLICT or NOT_FOUND. */
export async function updateEndpoint(
  { db, seal, ...ground }: Ground,
  by: Actor,
  endpoint: Endpoint,
  given: Partial<NewEndpoint>,
): Promise<void> {
  const known = reachable(seal, endpoint)
  const wanted = withKind({ ...known, ...given })
  const checked = parse(wanted, endpointProblem(wanted))
  const changed = Object.keys(differing<NewEndpoint>(known, checked)).filter((one) => one in known)
  if (changed.length === 0) return
  if (checked.name !== endpoint.name) await refuseTakenName(db, checked.name)
  refuseMovedSecret(known, given, checked)
  const isElsewhere = ofAddress.some((field) => changed.includes(field))
  if (isElsewhere) await refuseUnhealthy(ground, checked)
  const state = isElsewhere ? undefined : endpoint
  await refusingDuplicates(checked.name, () =>
    db.transaction(async (tx) => {
      if (!(await changeEndpoint(tx, endpoint.id, kept(seal, checked, state)))) throw missing(endpoint.id)
      await changesCaches(tx, endpoint, checked)
      await emit(tx, [facts.endpointChanged({ endpointId: endpoint.id, name: checked.name, changed }, by)])
    }),
  )
}

/** Says that the name and the address which projects cache change. */
async function changesCaches(tx: Tx, known: Endpoint, wanted: Pick<Endpoint, 'type' | 'url'>): Promise<void> {
  const projects = await tx.rows<{ id: number }>(sql`select id from project where endpoint_id = ${known.id}`)
  tx.changes(
    ...projects.map(({ id }) => cacheRulesKey(id)),
    mirrorsKey(clientHost(known)),
    mirrorsKey(clientHost(wanted)),
  )
}

/** Throws PRECONDITION, which names what uses it, or NOT_FOUND. */
export async function deleteEndpoint({ db, uses }: Ground, by: Actor, id: number): Promise<void> {
  if (id === 0) throw new Failure('PRECONDITION', 'the registry 0 is this Marina itself, cannot delete it')
  await db
    .transaction(async (tx) => {
      const endpoint = await lockEndpoint(tx, id)
      if (!endpoint) throw missing(id)
      await refuseUsed(tx, uses, id)
      if (!(await dropEndpoint(tx, id))) throw missing(id)
      await emit(tx, [facts.endpointDeleted({ endpointId: id, name: endpoint.name }, by)])
    })
    .catch((error: unknown) => {
      if (isReferenceViolation(error))
        throw new Failure('PRECONDITION', `the registry ${id} is referenced, cannot delete it`, { cause: error })
      throw error
    })
}

/** Tries an endpoint, saved or not. Throws BAD_REQUEST with a reason that a person understands. */
export async function pingEndpoint(ground: Reaching, given: Omit<NewEndpoint, 'name' | 'description'>): Promise<void> {
  if (given.type === '' || given.url === '') throw new Failure('BAD_REQUEST', 'type or url cannot be empty')
  await refuseUnhealthy(ground, parse(given, addressProblem(given)))
}

export const missing = (id: number) => new Failure('NOT_FOUND', `registry ${id} not found`)

/** Names up to ten of each kind. */
async function refuseUsed(tx: Tx, uses: FindUse[], id: number): Promise<void> {
  for (const find of uses) {
    const use = await find(tx, id)
    if (!use) continue
    const names = use.names.slice(0, 10).join(', ') + (use.names.length > 10 ? ', ...' : '')
    throw new Failure('PRECONDITION', `the registry ${id} is referenced by ${use.kind}, cannot delete it: ${names}`)
  }
}

function parse<One extends Pick<NewEndpoint, 'type' | 'credentialType'>>(given: One, problem: string | undefined) {
  if (problem) throw new Failure('BAD_REQUEST', problem)
  return given as One & Pick<CheckedEndpoint, 'type' | 'credentialType'>
}

async function refuseUnhealthy(ground: Reaching, given: Parameters<typeof checkHealth>[1]): Promise<void> {
  const health = await checkHealth(ground, given)
  if (health.isHealthy || health.isBusy) return
  const what = health.isForbidden ? 'Marina may not call the registry' : 'the registry is unhealthy'
  throw new Failure('BAD_REQUEST', `${what}: ${health.why}`)
}

/** Refuses a new URL without the secret: who may change the URL could otherwise have the saved secret sent there. */
function refuseMovedSecret(known: NewEndpoint, given: Partial<NewEndpoint>, wanted: NewEndpoint): void {
  const isKept = given.accessSecret === undefined && wanted.accessSecret !== ''
  const moves = (field: 'url' | 'tokenServiceUrl') => wanted[field] !== '' && wanted[field] !== known[field]
  if (isKept && (moves('url') || moves('tokenServiceUrl')))
    throw new Failure(
      'BAD_REQUEST',
      'the URL is another one: send access_secret again, it is not sent to another server',
    )
}

/** So that a taken name is told before a registry is asked; the unique index decides in the end. */
async function refuseTakenName(db: Db, name: string): Promise<void> {
  if (await db.row({ name: '', text: 'select 1 from endpoint where name = $1', values: [name] })) throw taken(name)
}

const taken = (name: string, cause?: unknown) => new Failure('CONFLICT', `registry ${name} already exists`, { cause })

async function refusingDuplicates<Result>(name: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    throw isUniqueViolation(error) ? taken(name, error) : error
  }
}

/** The row of an endpoint that has just answered, or whose state stays. */
function kept(
  seal: Seal,
  one: CheckedEndpoint,
  { status, trouble }: { status: Status; trouble: string } = { status: 'healthy', trouble: '' },
) {
  const { accessSecret, ...rest } = one
  return { ...rest, sealedSecret: sealSecret(seal, accessSecret), status, trouble }
}
