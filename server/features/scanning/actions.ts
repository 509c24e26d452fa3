import type { Actor } from '../../catalog/topics.ts'
import { isReferenceViolation, isUniqueViolation, type Db, type Tx } from '../../platform/db/db.ts'
import { differing } from '../../platform/events/differing.ts'
import { emit } from '../../platform/events/emit.ts'
import { Failure } from '../../platform/http/failure.ts'
import { OutboundRefused, type Outbound } from '../../platform/outbound/outbound.ts'
import { scannerProblem, type Address, type NewScanner } from './rules.ts'
import { changeScanner, chooseScanner, dropScanner, makeDefault, saveScanner, type Scanner } from './store.ts'
import { isBuiltIn } from './scanners/trivy/row.ts'
import { facts } from './topics.ts'

/** Encrypts and decrypts credentials that are stored in the database. */
export type Seal = { seal(plain: string, purpose: string): string; unseal(sealed: string, purpose: string): string }

const purpose = 'scanner credential'

type Registering = { db: Db; seal: Seal; outbound: Pick<Outbound, 'check'> }

/** Throws BAD_REQUEST, or CONFLICT when name or URL is taken. */
export async function createScanner(
  { db, seal, outbound }: Registering,
  by: Actor,
  wanted: NewScanner,
): Promise<string> {
  refuse(scannerProblem(wanted))
  await refuseUnreachable(outbound, wanted.url)
  return refusingDuplicates(() =>
    db.transaction(async (tx) => {
      const { id } = await saveScanner(tx, sealed(seal, wanted))
      await emit(tx, [facts.scannerCreated({ scannerId: id, name: wanted.name, url: wanted.url }, by)])
      return id
    }),
  )
}

/** Fields that are absent stay as they are. Throws BAD_REQUEST or CONFLICT. */
export async function updateScanner(
  { db, seal, outbound }: Registering,
  by: Actor,
  scanner: Scanner,
  wish: Partial<NewScanner>,
): Promise<void> {
  const given = isBuiltIn(scanner) ? onlySwitch(wish) : wish
  const known = opened(seal, scanner)
  const wanted = { ...known, ...given }
  if (!isBuiltIn(scanner)) refuse(scannerProblem(wanted))
  if (wanted.url !== known.url) await refuseUnreachable(outbound, wanted.url)
  const changed = Object.keys(differing<NewScanner>(known, given))
  const told =
    changed.length === 0 ? [] : [facts.scannerChanged({ scannerId: scanner.id, name: wanted.name, changed }, by)]
  await refusingDuplicates(() =>
    changing(db, scanner, (tx) => changeScanner(tx, scanner.id, sealed(seal, wanted)), told),
  )
}

/**
 * Of Marina's own matcher, and of a Trivy beside it, only the switch can be changed; what else a client sends back is
 * left as it is.
 */
const onlySwitch = ({ isDisabled }: Partial<NewScanner>): Partial<NewScanner> =>
  isDisabled === undefined ? {} : { isDisabled }

/** Throws PRECONDITION for Marina's own matcher. */
export async function deleteScanner(db: Db, by: Actor, scanner: Scanner): Promise<void> {
  if (scanner.isOwn)
    throw new Failure('PRECONDITION', `${scanner.name} is part of Marina: it can be disabled, but not deleted`)
  await changing(db, scanner, (tx) => dropScanner(tx, scanner.id), [
    facts.scannerDeleted({ scannerId: scanner.id, name: scanner.name }, by),
  ])
}

export async function setDefault(db: Db, by: Actor, scanner: Scanner, isDefault: boolean): Promise<void> {
  if (isDefault && scanner.isDisabled) throw new Failure('PRECONDITION', `the scanner ${scanner.name} is disabled`)
  await db.transaction(async (tx) => {
    await makeDefault(tx, scanner.id, isDefault)
    await emit(tx, [facts.scannerChanged({ scannerId: scanner.id, name: scanner.name, changed: ['isDefault'] }, by)])
  })
}

/** Makes this the scanner of the project. */
export async function chooseFor(db: Db, by: Actor, projectId: number, scanner: Scanner): Promise<void> {
  if (scanner.isDisabled) throw new Failure('PRECONDITION', `the scanner ${scanner.name} is disabled`)
  try {
    await db.transaction(async (tx) => {
      await chooseScanner(tx, projectId, scanner.id)
      await emit(tx, [facts.scannerChosen({ scannerId: scanner.id, name: scanner.name, projectId }, by)])
    })
  } catch (error) {
    if (isReferenceViolation(error))
      throw new Failure('NOT_FOUND', 'the scanner or the project is gone', { cause: error })
    throw error
  }
}

/** A scanner with its credential decrypted, for a call to it. */
export function opened(seal: Seal, { sealedCredential, ...scanner }: Scanner): NewScanner & Address {
  return { ...scanner, credential: sealedCredential === null ? '' : seal.unseal(sealedCredential, purpose) }
}

function sealed(seal: Seal, { credential, ...scanner }: NewScanner) {
  return { ...scanner, sealedCredential: credential === '' ? null : seal.seal(credential, purpose) }
}

async function changing(
  db: Db,
  { name }: Scanner,
  change: (tx: Tx) => Promise<boolean>,
  told: Parameters<typeof emit>[1],
): Promise<void> {
  await db.transaction(async (tx) => {
    if (!(await change(tx))) throw new Failure('NOT_FOUND', `the scanner ${name} is gone`)
    await emit(tx, told)
  })
}

function refuse(problem: string | undefined) {
  if (problem) throw new Failure('BAD_REQUEST', problem)
}

/** Refuses an address that Marina would never call, as for other registries. A name that is not known passes. */
async function refuseUnreachable(outbound: Registering['outbound'], url: string): Promise<void> {
  await outbound.check(url, 'public').catch((error: unknown) => {
    if (!(error instanceof OutboundRefused)) throw error
    throw new Failure('BAD_REQUEST', `Marina may not call this scanner: ${error.message}`, { cause: error })
  })
}

async function refusingDuplicates<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    if (isUniqueViolation(error))
      throw new Failure('CONFLICT', 'a scanner of this name or URL exists already', { cause: error })
    throw error
  }
}
