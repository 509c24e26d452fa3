import type { Client } from 'pg'

type FindingsSeed = { artifacts: number; findings: number }

/** How many findings there are to choose from: images share most of theirs. */
const kinds = 20_000
const projects = 100

/**
 * Makes a hundred projects with images by SQL, and reports of the default scanner with as many findings in all, of
 * 20,000 different ones. The first findings, those of a base image, are in every fifth image. Returns the id of a
 * project.
 */
export async function seedFindings(database: Client, { artifacts, findings }: FindingsSeed): Promise<string> {
  await database.query('set statement_timeout = 0')
  await database.query('set session_replication_role = replica')
  const image = `'application/vnd.oci.image.manifest.v1+json', 'image', 'IMAGE'`
  const digest = `'sha256:' || encode(sha256(convert_to('found-' || n, 'UTF8')), 'hex')`
  const each = Math.ceil(findings / artifacts)
  for (const step of [
    `insert into scanner (name, url, is_default) values ('bench', 'http://scanner.example', true)`,
    `insert into project (name, owner_id)
      select 'found' || n, (select min(id) from account where is_admin) from generate_series(0, ${projects - 1}) n`,
    `insert into repository (project_id, name)
      select id, name || '/r' || n from project, generate_series(0, 9) n where name like 'found%'`,
    `insert into artifact (repository_id, digest, media_type, kind, type, size)
      select repository.id, ${digest}, ${image}, 1000
      from generate_series(1, ${artifacts}) n
        join repository on repository.name = 'found' || n % ${projects} || '/r' || n / ${projects} % 10`,
    `insert into manifest (artifact_id, content) select id, '{"schemaVersion":2}' from artifact`,
    `insert into tag (repository_id, artifact_id, name) select repository_id, id, 'v' || id from artifact`,
    `insert into finding (hash, cve_id, package, version, fixed_version, severity, status, cvss_v3, details)
      select sha256(convert_to('finding-' || n, 'UTF8')), 'CVE-' || 2000 + n % 27 || '-' || n, 'package' || n % 900,
        '1.' || n % 50, case when n % 3 = 0 then '2.0' else '' end, 1 + n * 7919 % 6,
        case when n % 3 = 0 then 'fixed' else 'affected' end, round((n * 7919 % 100)::numeric / 10, 1),
        jsonb_build_object('description', repeat('About this vulnerability. ', 8))
      from generate_series(1, ${kinds}) n`,
    `insert into vulnerability_report (artifact_id, scanner_id, is_made, started_at, ended_at)
      select artifact.id, scanner.id, true, now(), now() from artifact, scanner`,
    `insert into report_finding (report_id, finding_id)
      select report.id, first.id + case
        when report.id % 5 = 0 and n < 10 then n else (report.id * 104729 + n * 7919) % ${kinds} end
      from vulnerability_report report, generate_series(1, ${each}) n, (select min(id) as id from finding) first
      on conflict do nothing`,
    `update vulnerability_report report
      set total = summed.total, fixable = summed.fixable, severity = summed.severity, counts = summed.counts
      from (
        select report_id, count(*) as total, count(*) filter (where fixed_version <> '') as fixable,
          max(severity) as severity, array[
            0, count(*) filter (where severity = 1), count(*) filter (where severity = 2),
            count(*) filter (where severity = 3), count(*) filter (where severity = 4),
            count(*) filter (where severity = 5), count(*) filter (where severity = 6)]::integer[] as counts
        from report_finding join finding on finding.id = finding_id group by report_id) summed
      where summed.report_id = report.id`,
    'vacuum analyze',
  ])
    await database.query(step)
  await database.query('set session_replication_role = default')
  const { rows } = await database.query<{ id: string }>(`select id from project where name = 'found42'`)
  return rows[0]!.id
}
