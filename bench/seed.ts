/**
 * Fills repositories by SQL, because that many pushes would take hours:
 *
 * MARINA_DATABASE_URL=postgres://... node bench/seed.ts library/big --artifacts 100000 --referrers 10000
 *
 * Each artifact gets a tag of its own, every tenth a label, every hundredth a signature. The referrers name the
 * artifact with the tag `subject`. Rows are those of real pushes; only blobs and manifests are made up.
 */
import { parseArgs } from 'node:util'
import { Client } from 'pg'

type Seed = { repository: string; artifacts: number; referrers: number }

if (import.meta.main) {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { artifacts: { type: 'string', default: '100000' }, referrers: { type: 'string', default: '10000' } },
  })
  const url = process.env['MARINA_DATABASE_URL']
  const [repository] = positionals
  if (!url || !repository?.includes('/'))
    throw new Error(
      'usage: MARINA_DATABASE_URL=... node bench/seed.ts <project>/<repository> [--artifacts N] [--referrers N]',
    )
  console.log(await seed(url, { repository, artifacts: Number(values.artifacts), referrers: Number(values.referrers) }))
}

/** Returns the digest that the referrers name. The repository must not exist yet, its project must. */
export async function seed(url: string, { repository, artifacts, referrers }: Seed): Promise<string> {
  const client = new Client(url)
  await client.connect()
  try {
    const { rows } = await client.query<{ id: string }>(
      `insert into repository (project_id, name)
        select id, $1::text from project where name = split_part($1::text, $2, 1) returning id`,
      [repository, '/'],
    )
    const id = rows[0]?.id
    if (id === undefined) throw new Error(`the project of ${repository} does not exist`)
    for (const step of stepsOf(id, artifacts, referrers)) await client.query(step)
    const subject = await client.query<{ digest: string }>(
      `select digest from artifact where repository_id = ${id} and size = 1001 and subject_digest is null`,
    )
    return subject.rows[0]!.digest
  } finally {
    await client.end()
  }
}

function stepsOf(id: string, artifacts: number, referrers: number): string[] {
  // The id makes the digests differ from those of other repositories in the same database.
  const digest = (kind: string) => `'sha256:' || encode(sha256(convert_to('${kind}-${id}-' || n, 'UTF8')), 'hex')`
  const common = `media_type, config_media_type, artifact_type, kind, type, size, extra_attrs, annotations`
  const configType = 'application/vnd.oci.image.config.v1+json'
  const image = `'application/vnd.oci.image.manifest.v1+json', '${configType}', '${configType}', 'image', 'IMAGE',
    1000 + n, '{"os":"linux","architecture":"amd64","author":"","created":"2026-01-01T00:00:00Z",
      "config":{"Env":["PATH=/usr/bin"],"Cmd":["/app"]}}'::jsonb, '{}'::jsonb`
  const referrer = image.replaceAll(configType, 'application/vnd.dev.cosign.artifact.sig.v1+json')
  const pushed = `timestamptz '2026-01-01' + n * interval '1 second'`
  return [
    `insert into artifact (repository_id, digest, pushed_at, ${common})
      select ${id}, ${digest('a')}, ${pushed}, ${image} from generate_series(1, ${artifacts}) n`,
    `insert into tag (repository_id, artifact_id, name, pushed_at)
      select repository_id, id, 'v' || (size - 1000), pushed_at from artifact where repository_id = ${id}`,
    `insert into tag (repository_id, artifact_id, name)
      select repository_id, id, 'subject' from artifact where repository_id = ${id} and size = 1001`,
    `insert into label (name) values ('seeded') on conflict do nothing`,
    `insert into artifact_label (artifact_id, label_id)
      select artifact.id, label.id from artifact, label
      where repository_id = ${id} and artifact.size % 10 = 0 and label.name = 'seeded' and label.project_id is null`,
    // A signature of every hundredth artifact, then the many referrers of one.
    `insert into artifact (repository_id, digest, subject_digest, pushed_at, ${common})
      select ${id}, ${digest('s')}, subject.digest, ${pushed}, ${referrer}
      from artifact subject, lateral (select subject.size - 1000) one (n)
      where subject.repository_id = ${id} and subject.size % 100 = 0`,
    `insert into artifact (repository_id, digest, subject_digest, pushed_at, ${common})
      select ${id}, ${digest('r')}, (
        select digest from artifact where repository_id = ${id} and size = 1001 and subject_digest is null
      ), ${pushed}, ${referrer} from generate_series(1, ${referrers}) n`,
    `insert into accessory (artifact_id, repository_id, subject_digest, type)
      select id, repository_id, subject_digest, 'signature.cosign'
      from artifact where repository_id = ${id} and subject_digest is not null`,
    `insert into manifest (artifact_id, content)
      select id, '{"schemaVersion":2}' from artifact where repository_id = ${id}`,
    'analyze',
  ]
}
