import type { Difference } from './differences.ts'
import type { Step } from './side.ts'

type Accepted = { steps?: RegExp | string[]; at: RegExp; because: string }

const answer =
  /^(status|location|content-type|www-authenticate|x-total-count|body|body\.errors|body\.errors\[\]\.code)$/

/** Differences that are on purpose: at which steps (all, when none is named), at which place, why. */
const accepted: Accepted[] = [
  { at: /^body\.errors\[\]\.message$/, because: 'the texts are those of Marina (decision 24)' },
  { at: /^body\.errors\[\]\.detail/, because: 'below /v2 Marina names the thing, as the specification shows it' },
  { at: /^link$/, because: 'Marina repeats the defaults of parameters, and pages of long lists have a position' },
  {
    at: /(cve_allowlist\.(creation|update)_time|next_scheduled_time|last_trigger_time)$/,
    because: 'the year 1 in Harbor',
  },
  {
    at: /\.(deleted|togglable|deletable|comment|email|description|priority|disabled|enabled|params)$/,
    because: 'Harbor leaves out what is empty, 0 or false',
  },
  {
    at: /\.(skip_cert_verify|status_message|artifact_type|extra_attrs|annotations|addition_links|creator|job_name)$/,
    because: 'Harbor leaves out what is empty, 0 or false',
  },
  { at: /(_count|vendor_id|project_id)$/, because: 'Harbor leaves out 0' },
  {
    at: /\.(accessories|labels|references|tags|items|current_user_role_ids|OsFeatures|urls)$/,
    because: 'null in Harbor: an empty list, or none was asked for',
  },
  { at: /\.(headers|paused|repository_filter|tag_filter|without_producer|checked_time)$/, because: 'Marina alone' },
  { steps: /member/, at: /creation_time$/, because: 'Marina alone' },
  { steps: ['allowlist'], at: /time$|\.id$/, because: 'the year 1 in Harbor, and no id' },
  { steps: ['scanner of a project'], at: /^body$/, because: 'an empty object where Harbor says null: there is none' },
  { steps: /^replication polic/, at: /src_registry\.url$/, because: 'each names itself' },
  { at: /^www-authenticate$/, because: 'fetch of Node.js looks like a browser, which gets no challenge for Basic' },
  { at: /\.(client_address|request_id|event_id|details|added_by|host|cannot_delete_tags)$/, because: 'Marina alone' },
  { at: /targets\[\]\.id$|owner_name$|cve_allowlist\.(id|project_id)$|\.href$/, because: 'Marina alone (decision 24)' },
  { steps: /^permissions/, at: /^body(\.\w+)?\[\]$/, because: 'Marina has rights of its own' },
  { steps: /robot/, at: /permissions\[\]/, because: 'Marina says `effect: allow`, in the order of what was sent' },
  {
    steps: ['health', 'queues', 'job service pools', 'schedules'],
    at: /^body/,
    because: 'the parts and jobs are others',
  },
  { steps: ['ping', 'version'], at: /content-type/, because: 'JSON is JSON (decision 24)' },
  {
    steps: /^systeminfo|^volumes$/,
    at: /version|storage/,
    because: 'the versions differ; Harbor did not look at the disk',
  },
  { steps: ['adapters', 'adapter infos', 'webhook events'], at: /^body/, because: 'Marina knows more of them' },
  { steps: /audit|^logs/, at: /./, because: 'Marina notes more, and has one log for old and new operations' },
  { steps: /collection|^purge schedule$/, at: /job_parameters|^location$|^body$|job_status/, because: 'decision 24' },
  { steps: /quota|^summary/, at: /used\.storage$/, because: 'a manifest counts in each repository (decision 24)' },
  { steps: /^artifacts with everything$/, at: /sbom_overview$/, because: 'Marina makes SBOMs itself' },
  { steps: ['copied artifact'], at: /tags\.length$/, because: 'a copy by tag brings that tag alone (decision 24)' },
  { steps: ['current user'], at: /realname$/, because: 'the administrator has no full name at first' },
  { steps: /^search/, at: /^body\.project/, because: 'Marina shows the metadata that a list needs' },
  { steps: ['list of public projects'], at: /metadata$/, because: 'Marina reads with_detail=false, and sends it all' },
  { steps: ['make tag'], at: /^location$/, because: 'Marina says where the tag is' },
  { steps: ['security summary'], at: /total_artifact$/, because: 'Harbor counts what was scanned' },
  { steps: ['webhook events'], at: /length$/, because: 'Marina has more' },
  {
    steps: [
      'change a project badly',
      'change member badly',
      'label of no project',
      'empty rule',
      'webhook with a bad address',
      'LDAP group in a house without LDAP',
    ],
    at: answer,
    because: 'one of both takes what the other refuses with a reason; nothing good is refused (decision 24)',
  },
  {
    steps: [
      'add nobody',
      'retention of a scope without rules',
      'absent retention',
      'LDAP users',
      'set allowlist twice the same',
    ],
    at: answer,
    because: 'Harbor answers 500 (decision 24)',
  },
  {
    steps: ['drop metadata twice', 'drop member twice', 'artifacts of an absent repository', 'change an absent rule'],
    at: answer,
    because: 'what does not exist is 404',
  },
  {
    steps: ['label without a name', 'bad digest', 'absent scanner', 'wrong method'],
    at: answer,
    because: 'decision 24',
  },
  {
    steps: ['scan all metrics', 'LDAP ping'],
    at: /^(status|body)/,
    because: 'Marina answers without a scanner, or says more',
  },
  {
    steps: ['robot with duration 0'],
    at: /^(status|location|body)/,
    because: '0 is what clients send that set nothing',
  },
  {
    steps:
      /^(token|catalog|tag list|absent manifest|manifest of|private|push|absent upload|referrers|delete by|unknown)/,
    at: /^(status|content-type|www-authenticate|x-total-count|body)/,
    because: 'the codes of the OCI specification, 404 for what is absent, and a challenge for tokens',
  },
  { steps: ['deleted artifact by v2'], at: answer, because: 'the codes of the OCI specification' },
]

/** Why a difference is on purpose; undefined when it is none. */
export function acceptedBecause({ what }: Step, { at }: Difference): string | undefined {
  const isMeant = ({ steps }: Accepted) =>
    steps === undefined || (Array.isArray(steps) ? steps.includes(what) : steps.test(what))
  return accepted.find((one) => isMeant(one) && one.at.test(at))?.because
}
