import { createHash } from 'node:crypto'
import type { Digest } from '../../../oci/digest.ts'
import type { RepositoryName } from '../../../oci/reference.ts'
import type { Reader } from '../../catalog/reader.ts'
import { keyOf } from '../../platform/cache/keys.ts'
import type { Queryable, Tx } from '../../platform/db/db.ts'
import { jsonbText } from '../../platform/db/json.ts'
import { sql } from '../../platform/db/sql.ts'
import type { Maybe } from '../../platform/maybe.ts'
import type { Check } from './check/check.ts'
import { readSigner } from './signers/parse.ts'
import type { Signer, SignerContent, TrustedRoot } from './signers/signer.ts'

export type SignerRow = { name: string; content: SignerContent; createdAt: Date; updatedAt: Date }
export type TrustRootRow = { name: string; content: object; updatedAt: Date; projects: number }

/** Raised when a signature may be judged differently than before: what was kept is then found out again. */
const checksVersion = 3

/** The signers of a project, ready to be checked against, and a hash that changes with them. */
export type ProjectSigners = { signers: Signer[]; trust: string }

const signersKey = keyOf('signers', 'project_id')

/** From the cache: every pull from a project that wants verified signatures asks. */
export function findProjectSigners({ db, cache }: Reader, projectId: number): Maybe<ProjectSigners | undefined> {
  return cache.get(
    signersKey(projectId),
    async () => {
      const rows = await db.rows<SignerRow & { root: string | null; rootContent: object | null }>(sql`
        select signer.name, signer.content, signer.trust_root as root, trust_root.content as "rootContent"
        from signer left join trust_root on trust_root.name = signer.trust_root
        where signer.project_id = ${projectId} order by signer.name limit 1000`)
      const trust = createHash('sha256')
        .update(JSON.stringify([checksVersion, rows]))
        .digest('hex')
      const roots = new Map<string, TrustedRoot>()
      for (const { root, rootContent } of rows)
        if (root !== null && rootContent && !roots.has(root)) roots.set(root, await openTrustedRoot(root, rootContent))
      return { trust, signers: rows.map(({ name, content }) => readSigner(name, content, (root) => roots.get(root))) }
    },
    ({ signers }) => 1000 + signers.length * 20_000,
  )
}

/** Loads the library of Sigstore when the first one is needed: it takes 11 MB. Throws SignerProblem. */
export async function openTrustedRoot(name: string, content: object): Promise<TrustedRoot> {
  return (await import('./signers/trusted-root.ts')).readTrustedRoot(name, content)
}

const signerColumns = sql`name, content, created_at as "createdAt", updated_at as "updatedAt"`

export function listSigners(db: Queryable, projectId: number): Promise<SignerRow[]> {
  return db.rows<SignerRow>(
    sql`select ${signerColumns} from signer where project_id = ${projectId} order by name limit 1000`,
  )
}

/** Locks the project's signers, so that their number is known until the transaction ends. */
export async function lockSigners(tx: Tx, projectId: number): Promise<SignerRow[]> {
  await tx.run(sql`select pg_advisory_xact_lock(hashtext('signer'), ${projectId}::integer)`)
  return listSigners(tx, projectId)
}

/** Adds a signer, or puts it in the place of the one with its name. */
export async function saveSigner(tx: Tx, projectId: number, name: string, content: SignerContent): Promise<void> {
  tx.changes(signersKey(projectId))
  const root = content.kind === 'keyless' ? content.trustRoot : null
  await tx.run(sql`
    insert into signer (project_id, name, content, trust_root)
    values (${projectId}, ${name}, ${jsonbText(content)}::jsonb, ${root})
    on conflict (project_id, name) do update
      set content = excluded.content, trust_root = excluded.trust_root, updated_at = now()`)
}

/** False when the project has no signer of this name. */
export async function dropSigner(tx: Tx, projectId: number, name: string): Promise<boolean> {
  tx.changes(signersKey(projectId))
  return (await tx.run(sql`delete from signer where project_id = ${projectId} and name = ${name}`)) > 0
}

/** All trusted roots, each with the number of projects that use it. */
export function listTrustRoots(db: Queryable): Promise<TrustRootRow[]> {
  return db.rows<TrustRootRow>(sql`
    select name, content, updated_at as "updatedAt", (
      select count(distinct project_id) from signer where signer.trust_root = trust_root.name) as projects
    from trust_root order by name limit 1000`)
}

export function findTrustRoot(db: Queryable, name: string): Promise<{ content: object } | undefined> {
  return db.row<{ content: object }>(sql`select content from trust_root where name = ${name} for share`)
}

/** Adds a trusted root, or puts it in the place of the one with its name: projects that use it take the new one. */
export async function saveTrustRoot(tx: Tx, name: string, content: object): Promise<void> {
  await tx.run(sql`
    insert into trust_root (name, content) values (${name}, ${jsonbText(content)}::jsonb)
    on conflict (name) do update set content = excluded.content, updated_at = now()`)
  const users = await tx.rows<{ id: number }>(
    sql`select distinct project_id as id from signer where trust_root = ${name}`,
  )
  tx.changes(...users.map(({ id }) => signersKey(id)))
}

/** False when there is no trusted root of this name. Throws a foreign key violation while a signer uses it. */
export async function dropTrustRoot(tx: Tx, name: string): Promise<boolean> {
  return (await tx.run(sql`delete from trust_root where name = ${name}`)) > 0
}

/** What was found out about signatures against these signers, by the artifact that holds the signature. */
export async function findChecks(
  db: Queryable,
  { subject, trust }: { subject: Digest; trust: string },
  artifactIds: number[],
): Promise<Map<number, Check[]>> {
  const rows = await db.rows<{ id: number; checks: Check[] }>(sql`
    select artifact_id as id, checks from signature_check
    where artifact_id = any(${artifactIds}::bigint[]) and subject_digest = ${subject}
      and trust = decode(${trust}, 'hex')`)
  return new Map(rows.map(({ id, checks }) => [id, checks]))
}

/** Keeps what was found out, in the place of what was before. Does nothing for an artifact that is gone. */
export async function saveChecks(
  db: Queryable,
  { subject, trust }: { subject: Digest; trust: string },
  artifactId: number,
  checks: Check[],
): Promise<void> {
  await db.run(sql`
    insert into signature_check (artifact_id, subject_digest, trust, checks)
    select id, ${subject}, decode(${trust}, 'hex'), ${jsonbText(checks)}::jsonb from artifact where id = ${artifactId}
    on conflict (artifact_id) do update
      set subject_digest = excluded.subject_digest, trust = excluded.trust, checks = excluded.checks,
        checked_at = clock_timestamp()`)
}

/** The indexes that hold the artifact, also through other indexes, nearest first. */
export async function listHolders(db: Queryable, repositoryId: number, digest: Digest): Promise<Digest[]> {
  const rows = await db.rows<{ digest: Digest }>(sql`
    with recursive holder (id, level) as (
      select id, 0 from artifact where repository_id = ${repositoryId} and digest = ${digest}
      union select parent_id, level + 1 from holder
        join artifact_child on repository_id = ${repositoryId} and child_id = holder.id where level < 8)
    select artifact.digest from holder join artifact using (id)
    where level > 0 group by artifact.digest order by min(level), min(id) limit 100`)
  return rows.map(({ digest: holder }) => holder)
}

/** The bytes of a manifest, for what is kept of it in memory. */
export function findManifestBytes(
  db: Queryable,
  repository: RepositoryName,
  digest: Digest,
): Promise<{ mediaType: string; content: Buffer } | undefined> {
  return db.row<{ mediaType: string; content: Buffer }>(sql`
    select artifact.media_type as "mediaType", manifest.content
    from artifact join repository on repository.id = artifact.repository_id
      join manifest on manifest.artifact_id = artifact.id
    where repository.name = ${repository} and artifact.digest = ${digest}`)
}
