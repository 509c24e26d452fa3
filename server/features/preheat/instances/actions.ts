import type { Actor } from '../../../catalog/topics.ts'
import { isReferenceViolation, isUniqueViolation } from '../../../platform/db/db.ts'
import { emit } from '../../../platform/events/emit.ts'
import { Failure } from '../../../platform/http/failure.ts'
import { OutboundRefused, type Outbound } from '../../../platform/outbound/outbound.ts'
import type { Ground, Seal } from '../ground.ts'
import type { Auth } from '../providers/auth.ts'
import { openAsk, type Reachable } from '../providers/exchange.ts'
import { ProviderAway, ProviderRefused, type Ask } from '../providers/provider.ts'
import { getProvider } from '../providers/providers.ts'
import { facts } from '../topics.ts'
import { addressProblem, instanceProblem, type CheckedInstance, type NewInstance } from './rules.ts'
import {
  dropInstance,
  findInstanceById,
  insertInstance,
  noteHealth,
  replaceInstance,
  type Instance,
  type Kept,
} from './store.ts'

export const instanceNotFound = (which: string | number) => new Failure('NOT_FOUND', `instance ${which} not found`)

/** Throws BAD_REQUEST, or CONFLICT when name or endpoint is taken. */
export async function createInstance({ db, seal, outbound }: Ground, by: Actor, given: NewInstance): Promise<void> {
  const wanted = checked(given, instanceProblem(given))
  await refuseOutOfReach(outbound, wanted)
  await refusingTaken(wanted, () =>
    db.transaction(async (tx) => {
      const instanceId = await insertInstance(tx, kept(seal, wanted))
      const { name, provider, endpoint } = wanted
      await emit(tx, [facts.instanceCreated({ instanceId, name, vendor: provider, endpoint }, by)])
    }),
  )
}

/**
 * Replaces an instance; without `auth_info` its credential stays, as long as it is for the same server. Throws
 * BAD_REQUEST, NOT_FOUND or CONFLICT.
 */
export async function updateInstance(
  { db, seal, outbound }: Ground,
  by: Actor,
  known: Instance,
  given: NewInstance,
): Promise<void> {
  const { wanted: asked, problem, isAuthKept } = withKnownAuth(seal, known, given)
  const wanted = checked(asked, problem)
  if (wanted.endpoint !== known.endpoint) await refuseOutOfReach(outbound, wanted)
  const row = { ...kept(seal, wanted), ...(isAuthKept ? { sealedAuth: known.sealedAuth } : {}) }
  const changed = (Object.keys(row) as (keyof Kept)[]).filter((field) => row[field] !== known[field])
  await refusingTaken(wanted, () =>
    db.transaction(async (tx) => {
      if (!(await replaceInstance(tx, known.id, row))) throw instanceNotFound(known.name)
      const words = changed.map((field) => (field === 'sealedAuth' ? 'auth' : field))
      await emit(tx, [facts.instanceChanged({ instanceId: known.id, name: wanted.name, changed: words }, by)])
    }),
  )
}

/** Throws BAD_REQUEST for a service at an address that is never called, as for an endpoint; it would only ever fail. */
async function refuseOutOfReach(outbound: Outbound, { endpoint }: CheckedInstance): Promise<void> {
  await outbound.check(endpoint, 'endpoint').catch((error: unknown) => {
    throw error instanceof OutboundRefused ? new Failure('BAD_REQUEST', error.message, { cause: error }) : error
  })
}

/** The instance as it shall be, and why it cannot be. A saved credential is never sent to another server. */
function withKnownAuth(
  seal: Seal,
  known: Instance,
  given: NewInstance,
): { wanted: NewInstance; problem: string | undefined; isAuthKept: boolean } {
  const { mode, info } = given.auth
  const isAuthKept = Object.keys(info).length === 0 && known.sealedAuth !== null && mode === known.authMode
  const wanted = isAuthKept ? { ...given, auth: { mode, info: unsealAuth(seal, known).info } } : given
  const wrong = instanceProblem(wanted)
  const isMoved = isAuthKept && !wrong && new URL(given.endpoint).origin !== new URL(known.endpoint).origin
  const problem = isMoved ? 'the endpoint is another server: send auth_info again, it is not sent to another' : wrong
  return { wanted, problem, isAuthKept }
}

/** Throws PRECONDITION while a policy uses it, in Harbor's words, or NOT_FOUND. */
export async function deleteInstance({ db }: Ground, by: Actor, { id, name }: Instance): Promise<void> {
  await db
    .transaction(async (tx) => {
      if (!(await dropInstance(tx, id))) throw instanceNotFound(name)
      await emit(tx, [facts.instanceDeleted({ instanceId: id, name }, by)])
    })
    .catch((error: unknown) => {
      if (!isReferenceViolation(error)) throw error
      const text = `Provider [${name}] cannot be deleted as some preheat policies are using it`
      throw new Failure('PRECONDITION', text, { cause: error })
    })
}

/** Tries an instance that is not saved. Throws BAD_REQUEST with a reason that a person understands. */
export async function pingUnsaved(ground: Ground, given: NewInstance): Promise<void> {
  const { provider, endpoint, isInsecure, auth } = checked(given, addressProblem(given))
  const trouble = await troubleOf(provider, openAsk(callsOf(ground), { endpoint, isInsecure, auth }))
  if (trouble !== '') throw unhealthy(trouble)
}

/** Tries a saved instance, and notes what was found. Throws NOT_FOUND or BAD_REQUEST. */
export async function pingSaved(ground: Ground, id: number): Promise<void> {
  const instance = await findInstanceById(ground.db, id)
  if (!instance) throw instanceNotFound(id)
  const trouble = await checkHealth(ground, instance)
  if (trouble !== '') throw unhealthy(trouble)
}

const unhealthy = (trouble: string) => new Failure('BAD_REQUEST', `the preheat provider is unhealthy: ${trouble}`)

/** Why a saved instance is unhealthy, or ''; it is noted. */
export async function checkHealth(ground: Ground, instance: Instance, signal?: AbortSignal): Promise<string> {
  const trouble = await troubleOf(instance.provider, askInstance(ground, instance, signal))
  await noteHealth(ground.db, instance, trouble)
  return trouble
}

async function troubleOf(provider: string, ask: Ask): Promise<string> {
  try {
    await getProvider(provider).health(ask)
    return ''
  } catch (error) {
    if (error instanceof ProviderAway || error instanceof ProviderRefused) return error.message
    throw error
  }
}

/** Opens the way to a saved instance. Throws when its credential cannot be decrypted. */
export function askInstance(ground: Ground, instance: Instance, signal?: AbortSignal): Ask {
  const { endpoint, isInsecure } = instance
  const to: Reachable = { endpoint, isInsecure, auth: unsealAuth(ground.seal, instance) }
  return openAsk(callsOf(ground), to, signal)
}

const callsOf = ({ outbound, rules }: Ground) => ({ outbound, limits: rules })

const purpose = 'preheat instance'

function unsealAuth(seal: Seal, { authMode: mode, sealedAuth }: Instance): Auth {
  const info = sealedAuth === null ? {} : (JSON.parse(seal.unseal(sealedAuth, purpose)) as Record<string, string>)
  return { mode, info }
}

function checked(given: NewInstance, problem: string | undefined): CheckedInstance {
  if (problem) throw new Failure('BAD_REQUEST', problem)
  return given as CheckedInstance
}

/** The row of an instance. What its mode does not use of a credential is not kept. */
function kept(seal: Seal, { auth: { mode, info }, ...one }: CheckedInstance): Kept {
  const isUsed = mode !== '' && mode !== 'NONE'
  return { ...one, authMode: mode, sealedAuth: isUsed ? seal.seal(JSON.stringify(info), purpose) : null }
}

async function refusingTaken<Result>(
  { name, endpoint }: CheckedInstance,
  work: () => Promise<Result>,
): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    if (isUniqueViolation(error, 'preheat_instance_endpoint_key'))
      throw new Failure('CONFLICT', `an instance with the endpoint ${endpoint} already exists`, { cause: error })
    if (isUniqueViolation(error, 'preheat_instance_default'))
      throw new Failure('CONFLICT', 'another instance is being made the default: try again', { cause: error })
    if (isUniqueViolation(error)) throw new Failure('CONFLICT', `instance ${name} already exists`, { cause: error })
    throw error
  }
}
