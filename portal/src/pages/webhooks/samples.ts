/** What a receiver gets: the body of a delivery in Harbor's form (docs/webhooks.md). */
export function sampleOf(
  type: string,
  { project, host, user }: { project: string; host: string; user: string },
): string {
  const event_data =
    type === 'TAG_RETENTION'
      ? { retention: { total: 12, retained: 9, project_name: project, result: 'SUCCESS', deleted_artifact: [] } }
      : type === 'REPLICATION'
        ? { replication: { job_status: 'Success', artifact_type: 'image', trigger_type: 'MANUAL', execution_id: 7 } }
        : type === 'ROBOT_EXPIRING'
          ? { robot: { id: 4, name: `robot$${project}+ci`, expires_at: 1_795_863_600 } }
          : { ...resourceOf(type, project, host), ...detailsOf(type), ...vulnerabilitiesOf(type) }
  return JSON.stringify({ type, occur_at: 1_795_258_800, operator: user, event_data }, undefined, 2)
}

const resourceOf = (type: string, project: string, host: string) =>
  type.startsWith('QUOTA')
    ? {}
    : {
        resources: [{ digest: 'sha256:…', tag: '1.0', resource_url: `${host}/${project}/app:1.0` }],
        repository: { name: 'app', namespace: project, repo_full_name: `${project}/app`, repo_type: 'private' },
      }

const detailsOf = (type: string) =>
  type.startsWith('QUOTA')
    ? { custom_attributes: { Details: 'quota usage reach 85%: resource storage used 850 MiB' } }
    : {}

const vulnerabilitiesOf = (type: string) =>
  type === 'VULNERABILITY_FOUND'
    ? {
        vulnerabilities: {
          database: 7,
          count: 3,
          summary: { Medium: 2, Critical: 1 },
          most_severe: [
            {
              id: 'CVE-2021-44228',
              severity: 'Critical',
              package: 'log4j-core',
              version: '2.14.1',
              fix_version: '2.15.0',
            },
          ],
        },
      }
    : {}

/** Programs that check a delivery's signature: body on standard input, header as argument, WEBHOOK_SECRET set. */
export const checks = {
  node: `import { createHmac, timingSafeEqual } from 'node:crypto'

const body = Buffer.concat(await process.stdin.toArray())
const [time = '', ...hashes] = (process.argv[2] ?? '').split(',')
const seconds = Number(/^t=(\\d+)$/.exec(time)?.[1] ?? NaN)
const wanted = createHmac('sha256', process.env.WEBHOOK_SECRET).update(\`\${seconds}.\`).update(body).digest()
const isGenuine = Math.abs(Date.now() / 1000 - seconds) <= 300 && hashes.some((one) => {
  const given = Buffer.from(one.replace(/^v1=/, ''), 'hex')
  return given.length === wanted.length && timingSafeEqual(given, wanted)
})
process.exit(isGenuine ? 0 : 1)`,
  python: `import hashlib, hmac, os, re, sys, time

body, (stamp, *hashes) = sys.stdin.buffer.read(), sys.argv[1].split(",")
found = re.fullmatch(r"t=(\\d+)", stamp)
if not found or abs(time.time() - int(found[1])) > 300:
    sys.exit(1)
wanted = hmac.new(os.environ["WEBHOOK_SECRET"].encode(), found[1].encode() + b"." + body, hashlib.sha256).hexdigest()
sys.exit(0 if any(hmac.compare_digest(f"v1={wanted}", one) for one in hashes) else 1)`,
} as const
