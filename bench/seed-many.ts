import { Client } from 'pg'

export const artifactsEach = 10
export const blobsEach = 10

/**
 * Fills the project `library` by SQL with repositories `library/seeded-1` and so on, as pushes leave them: each has 10
 * artifacts with the tags `v1` to `v10` of 10 blobs each. Only the bytes are missing. The database must be new.
 */
export async function seedMany(url: string, repositories: number): Promise<void> {
  const client = new Client(url)
  await client.connect()
  try {
    await client.query('set statement_timeout = 0')
    // These statements do once what triggers and foreign keys would do for each row.
    await client.query('set session_replication_role = replica')
    for (const step of stepsOf(repositories)) await client.query(step)
  } finally {
    await client.end()
  }
}

/** Ids are those of the numbers `n` plus `base`, so that rows find each other without a join. */
const base = 1000

function stepsOf(repositories: number): string[] {
  const artifacts = repositories * artifactsEach
  const blobs = artifacts * blobsEach
  const digest = (kind: string) => `'sha256:' || encode(sha256(convert_to('${kind}' || n, 'UTF8')), 'hex')`
  const repository = (each: number) => `${base} + (n + ${each - 1}) / ${each}`
  const configType = 'application/vnd.oci.image.config.v1+json'
  return [
    `insert into repository (id, project_id, name, is_filled) overriding system value
      select ${base} + n, project.id, 'library/seeded-' || n, true
      from generate_series(1, ${repositories}) n, project where project.name = 'library'`,
    `insert into repository_total (project_id, n) select id, ${repositories} from project where name = 'library'`,
    `insert into artifact (
        id, repository_id, digest, media_type, config_media_type, artifact_type, kind, type, size, extra_attrs,
        pushed_at)
      overriding system value
      select ${base} + n, ${repository(artifactsEach)}, ${digest('a')},
        'application/vnd.oci.image.manifest.v1+json', '${configType}', '${configType}', 'image', 'IMAGE', 1000, '{}',
        timestamptz '2026-01-01' + n * interval '1 second'
      from generate_series(1, ${artifacts}) n`,
    `insert into manifest (artifact_id, content)
      select ${base} + n, '{"schemaVersion":2}' from generate_series(1, ${artifacts}) n`,
    `insert into tag (repository_id, artifact_id, name)
      select ${repository(artifactsEach)}, ${base} + n, 'v' || (n - 1) % ${artifactsEach} + 1
      from generate_series(1, ${artifacts}) n`,
    `insert into blob (id, digest, size) overriding system value
      select ${base} + n, ${digest('b')}, 1000 from generate_series(1, ${blobs}) n`,
    `insert into repository_blob (repository_id, blob_id)
      select ${repository(artifactsEach * blobsEach)}, ${base} + n from generate_series(1, ${blobs}) n`,
    `insert into artifact_blob (artifact_id, repository_id, blob_id)
      select ${repository(blobsEach)}, ${repository(artifactsEach * blobsEach)}, ${base} + n
      from generate_series(1, ${blobs}) n`,
    ...['repository', 'artifact', 'blob'].map(
      (table) => `select setval(pg_get_serial_sequence('${table}', 'id'), (select max(id) from ${table}))`,
    ),
    'vacuum analyze',
    'checkpoint',
  ]
}
