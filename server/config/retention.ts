import { hour, setting, time } from './setting.ts'
import { integer } from './units.ts'

/** What tag retention may do, and for how long the report of a cluster keeps what it runs. */
export const retention = {
  askAbove: setting({
    env: 'MARINA_RETENTION_ASK_ABOVE',
    path: 'retention.ask_above',
    parse: integer(0, 100),
    fallback: 50,
    help:
      'percent of the tags of a project: before a run that would delete more, the command line and the portal ask; ' +
      'a preview says so',
  }),
  previewTags: setting({
    env: 'MARINA_RETENTION_PREVIEW_TAGS',
    path: 'retention.preview_tags',
    parse: integer(1, 10_000_000),
    fallback: 100_000,
    help: 'tags that one preview looks at; it says when it left some out',
  }),
  deploymentTtlMs: time({
    env: 'MARINA_DEPLOYMENT_TTL',
    path: 'retention.deployment_ttl',
    min: hour / 60,
    max: 8760 * hour,
    fallback: 24 * hour,
    help: 'how long the report of a cluster keeps what it runs, when the report itself does not say',
  }),
}
