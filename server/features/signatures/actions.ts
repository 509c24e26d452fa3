import { createHash } from 'node:crypto'
import type { Actor } from '../../catalog/topics.ts'
import { isReferenceViolation, type Db, type Tx } from '../../platform/db/db.ts'
import { emit } from '../../platform/events/emit.ts'
import { Failure } from '../../platform/http/failure.ts'
import { readSigner, signerLimits, SignerProblem } from './signers/parse.ts'
import type { SignerContent } from './signers/signer.ts'
import {
  dropSigner,
  dropTrustRoot,
  findTrustRoot,
  lockSigners,
  openTrustedRoot,
  saveSigner,
  saveTrustRoot,
} from './store.ts'
import { facts } from './topics.ts'

/** Names of signers and of trusted roots. */
const nameForm = /^[a-z0-9]+(?:[._-][a-z0-9]+)*$/

function checkName(name: string): void {
  if (name.length > 64 || !nameForm.test(name))
    throw new Failure(
      'BAD_REQUEST',
      'the name must be of lower-case letters and digits, with single . _ - between them, at most 64 characters',
    )
}

/** Makes a project trust a signer, or changes it. Throws BAD_REQUEST, and PRECONDITION beyond the limit. */
export async function putSigner(
  db: Db,
  by: Actor,
  projectId: number,
  { name, content }: { name: string; content: SignerContent },
): Promise<void> {
  checkName(name)
  await db.transaction(async (tx) => {
    const known = await lockSigners(tx, projectId)
    if (known.length >= signerLimits.signers && !known.some((one) => one.name === name))
      throw new Failure('PRECONDITION', `a project has at most ${signerLimits.signers} signers`)
    await checkSigner(tx, name, content)
    await saveSigner(tx, projectId, name, content)
    await emit(tx, [facts.signerSaved({ projectId, name, signer: content }, by)])
  })
}

/** The trusted root stays locked until the transaction ends. */
async function checkSigner(tx: Tx, name: string, content: SignerContent): Promise<void> {
  const rootName = content.kind === 'keyless' ? content.trustRoot : undefined
  const found = rootName === undefined ? undefined : await findTrustRoot(tx, rootName)
  await explaining(async () => {
    const root = found && (await openTrustedRoot(rootName!, found.content))
    readSigner(name, content, () => root)
  })
}

export async function deleteSigner(db: Db, by: Actor, projectId: number, name: string): Promise<void> {
  await db.transaction(async (tx) => {
    if (!(await dropSigner(tx, projectId, name)))
      throw new Failure('NOT_FOUND', `the project trusts no signer ${JSON.stringify(name.slice(0, 64))}`)
    await emit(tx, [facts.signerDeleted({ projectId, name }, by)])
  })
}

/** Imports a trusted root, or puts it in the place of the one with its name. Throws BAD_REQUEST. */
export async function putTrustRoot(db: Db, by: Actor, name: string, content: object): Promise<void> {
  checkName(name)
  const text = textOf(content)
  if (text.length > signerLimits.root)
    throw new Failure('BAD_REQUEST', `a trusted root has at most ${signerLimits.root} bytes`)
  await explaining(() => openTrustedRoot(name, content))
  const hash = `sha256:${createHash('sha256').update(text).digest('hex')}`
  await db.transaction(async (tx) => {
    await saveTrustRoot(tx, name, content)
    await emit(tx, [facts.trustRootSaved({ name, hash }, by)])
  })
}

/** Throws PRECONDITION while a project uses it. */
export async function deleteTrustRoot(db: Db, by: Actor, name: string): Promise<void> {
  try {
    await db.transaction(async (tx) => {
      if (!(await dropTrustRoot(tx, name)))
        throw new Failure('NOT_FOUND', `there is no trusted root ${JSON.stringify(name.slice(0, 64))}`)
      await emit(tx, [facts.trustRootDeleted({ name }, by)])
    })
  } catch (error) {
    if (isReferenceViolation(error))
      throw new Failure('PRECONDITION', `signers of projects use the trusted root ${name}: delete them first`)
    throw error
  }
}

async function explaining(read: () => Promise<unknown>): Promise<void> {
  try {
    await read()
  } catch (error) {
    if (error instanceof SignerProblem) throw new Failure('BAD_REQUEST', error.message, { cause: error })
    throw error
  }
}

/** Throws BAD_REQUEST for objects that are nested thousands of levels deep. */
function textOf(content: object): string {
  try {
    return JSON.stringify(content)
  } catch (error) {
    throw new Failure('BAD_REQUEST', 'a trusted root is not nested so deeply', { cause: error })
  }
}
