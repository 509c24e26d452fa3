import { exportJWK, generateKeyPair, importJWK, type CryptoKey, type JWK } from 'jose'
import { randomUUID } from 'node:crypto'
import type { Actor } from '../catalog/topics.ts'
import type { Queryable, Tx } from '../platform/db/db.ts'
import { sql } from '../platform/db/sql.ts'
import { emit } from '../platform/events/emit.ts'
import { facts } from './topics.ts'

/** The one algorithm that Marina's tokens are signed with; no other is accepted (C-11). */
export const tokenAlgorithm = 'ES256'

export type SigningKey = { id: string; key: CryptoKey }

/** Encrypts the private keys; `config/secrets.ts` does this. */
export type Sealer = { seal(plain: string, purpose: string): string; unseal(sealed: string, purpose: string): string }

export interface Keys {
  /** The newest key that is not retired. */
  signing(): Promise<SigningKey>
  /** The public key of this id; undefined when it is unknown, or was retired longer ago than a token lives. */
  verifying(id: string): Promise<CryptoKey | undefined>
}

type Row = { id: string; publicKey: JWK; privateKey: string; isRetired: boolean }

/** How long a process signs with the key that it has read, in ms; then all replicas know of a rotation (C-14). */
const freshMs = 5000

export function openKeys(db: Queryable, sealer: Sealer, tokenTtlMs: number): Keys {
  let loaded: { at: number; signing: SigningKey; verifying: Map<string, CryptoKey> } | undefined
  let loading: Promise<NonNullable<typeof loaded>> | undefined

  const load = async () => {
    const rows = await db.rows<Row>(sql`
      select id, public_key as "publicKey", private_key as "privateKey", retired_at is not null as "isRetired"
      from signing_key
      where algorithm = ${tokenAlgorithm}
        and (retired_at is null or retired_at > now() - make_interval(secs => ${tokenTtlMs / 1000 + 60}))
      order by created_at desc, id limit 100`)
    const newest = rows.find(({ isRetired }) => !isRetired)
    if (!newest) throw new Error('no signing key: run marina keys rotate')
    const verifying = new Map(
      await Promise.all(rows.map(async ({ id, publicKey }) => [id, await importKey(publicKey)] as const)),
    )
    const privateKey = JSON.parse(sealer.unseal(newest.privateKey, sealedAs(newest.id))) as JWK
    return (loaded = { at: performance.now(), signing: { id: newest.id, key: await importKey(privateKey) }, verifying })
  }
  const current = (maxAgeMs: number) => {
    if (loaded && performance.now() - loaded.at < maxAgeMs) return loaded
    return (loading ??= load().finally(() => (loading = undefined)))
  }

  return {
    signing: async () => (await current(freshMs)).signing,
    async verifying(id) {
      // An unknown id may belong to a key that was made just now. The keys are read again at most once a second, also
      // when a client sends one invented id after the other.
      const known = (await current(60_000)).verifying.get(id)
      return known ?? (await current(1000)).verifying.get(id)
    },
  }
}

/** Makes the first key, unless there is one. */
export async function ensureKey(db: Queryable, sealer: Sealer): Promise<void> {
  const row = await db.row(
    sql`select id from signing_key where algorithm = ${tokenAlgorithm} and retired_at is null limit 1`,
  )
  if (!row) await addKey(db, sealer)
}

/** Makes a key, returns its id, and retires those before it: they verify until the tokens they signed have expired. */
export async function rotateKeys(tx: Tx, sealer: Sealer, by: Actor): Promise<string> {
  await tx.run(sql`update signing_key set retired_at = now() where retired_at is null`)
  const id = await addKey(tx, sealer)
  await emit(tx, [facts.signingKeyRotated({ keyId: id }, by)])
  return id
}

async function addKey(db: Queryable, sealer: Sealer): Promise<string> {
  const id = randomUUID()
  const { publicKey, privateKey } = await generateKeyPair(tokenAlgorithm, { extractable: true })
  const sealed = sealer.seal(JSON.stringify(await exportJWK(privateKey)), sealedAs(id))
  await db.run(sql`
    insert into signing_key (id, algorithm, public_key, private_key)
    values (${id}, ${tokenAlgorithm}, ${JSON.stringify(await exportJWK(publicKey))}::jsonb, ${sealed})`)
  return id
}

const sealedAs = (id: string) => `signing_key:${id}`
const importKey = async (jwk: JWK) => (await importJWK(jwk, tokenAlgorithm)) as CryptoKey
