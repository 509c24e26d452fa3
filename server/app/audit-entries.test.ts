import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseRepositoryName } from '../../oci/reference.ts'
import { facts as nouns, type Actor } from '../catalog/topics.ts'
import { facts as accounts } from '../features/accounts/topics.ts'
import { facts as artifacts } from '../features/artifacts/topics.ts'
import { entryOf, eventTypeOf, eventTypesOf } from '../features/audit/rules.ts'
import { facts as audit } from '../features/audit/topics.ts'
import { facts as cache } from '../features/cache/topics.ts'
import { facts as cveAllowlist } from '../features/cve-allowlist/topics.ts'
import { facts as caches } from '../features/proxy-cache/topics.ts'
import { facts as deployments } from '../features/deployments/topics.ts'
import { facts as endpoints } from '../features/endpoints/topics.ts'
import { facts as exports } from '../features/exports/topics.ts'
import { facts as gc } from '../features/gc/topics.ts'
import { facts as immutability } from '../features/immutability/topics.ts'
import { facts as jobService } from '../features/job-service/topics.ts'
import { facts as labels } from '../features/labels/topics.ts'
import { facts as members } from '../features/members/topics.ts'
import { facts as templates } from '../features/project-templates/topics.ts'
import { facts as quotas } from '../features/quotas/topics.ts'
import { facts as reactions } from '../features/reactions/topics.ts'
import { facts as replication, type TaskFact } from '../features/replication/topics.ts'
import { facts as repositories } from '../features/repositories/topics.ts'
import { facts as retention } from '../features/retention/topics.ts'
import { facts as robots } from '../features/robots/topics.ts'
import { facts as matcher } from '../features/scanning/matcher/topics.ts'
import { facts as scanning } from '../features/scanning/topics.ts'
import { facts as scores } from '../features/scores/topics.ts'
import { facts as settings } from '../features/settings/topics.ts'
import { facts as signatures } from '../features/signatures/topics.ts'
import { facts as systemArtifacts, marina } from '../features/system-artifacts/topics.ts'
import { facts as undelete } from '../features/undelete/topics.ts'
import { facts as userGroups } from '../features/user-groups/topics.ts'
import { facts as webhooks } from '../features/webhooks/topics.ts'
import { facts as workloads } from '../features/workloads/topics.ts'
import type { Fact } from '../platform/events/emit.ts'
import { readTopics } from '../testing/topics.ts'
import { facts as registry } from '../registry/topics.ts'

const topics = await readTopics()
const anna: Actor = { kind: 'user', id: 7, name: 'anna' }
const [d1, d2] = ['sha256:d1', 'sha256:d2']
const place = { projectId: 3, repository: parseRepositoryName('team/app') }
const project = { projectId: 3, name: 'team' }
const label = { labelId: 11, name: 'fast', projectId: null }
const account = { accountId: 12, name: 'bert' }
const group = { groupId: 13, name: 'builders' }
const member = { projectId: 3, memberId: 14, member: 'bert', kind: 'account', role: 2 } as const
const robot = { robotId: 15, name: 'robot$team+ci', projectId: 3 }
const trustRule = { ruleId: 19, name: 'builds', projectId: 3 }
const workload = { name: 'gitlab.example#team', issuer: 'https://gitlab.example', subject: 'team' }
const purge = { audit_retention_hour: 24, include_event_types: '*', dry_run: false }
const origin = { address: '10.0.0.1', requestId: 'r1' }
const elsewhere = { ...origin, registry: 'old.example:5000', eventId: 'e1', at: '2026-01-02T03:04:05.000Z' }
const policy = { projectId: 3, policyId: 16, name: 'to chat' }
const eventId = '00112233-4455-8677-8899-aabbccddeeff'
const target = { ...policy, targetId: 17, eventId }
const rule = {
  isDisabled: false,
  priority: 0,
  tagSelectors: [{ kind: 'doublestar', decoration: 'matches', pattern: 'v*', extras: '' }],
  scopeSelectors: { repository: [{ kind: 'doublestar', decoration: 'repoMatches', pattern: '**', extras: '' }] },
}
const scanner = { scannerId: 's1', name: 'trivy' }
const scanEnded = { digest: d1, tags: [], scanType: 'vulnerability' as const, overview: {} }
const endpoint = { endpointId: 23, name: 'backup' }
const copies = { policyId: 24, name: 'nightly' }
const side = { endpointId: 0, name: '', type: 'harbor', url: 'https://marina.example', namespace: 'team' }
const task: TaskFact = {
  projectId: 3,
  repository: 'team/app',
  status: 'Success',
  message: '',
  operation: 'copy',
  resourceType: 'artifact',
  overrides: false,
  trigger: 'MANUAL',
  creator: 'anna',
  executionId: 25,
  taskId: 26,
  startedAt: '2026-01-02T03:04:05.000Z',
  source: side,
  target: { ...side, endpointId: 23, name: 'backup', namespace: 'copies/team' },
  artifact: 'app [1 item(s) in total]',
  references: ['v1'],
}
const report = { vendor: 'scan', repository: 'scan/1', type: 'csv', digest: d1, size: 10 }
const retried = { name: 'webhooks', taken: 2, left: 1 }

const template = { templateId: 20, name: 'teams' }
const ofRetention = { projectId: 3, policyId: 18 }
const run = { ...ofRetention, executionId: 19 }

const about = { id: 1, occurredAt: new Date(0), address: '10.0.0.2', requestId: 'r2' }

/** Facts of each topic, several where fields matter, with their log lines: event type | resource | description. */
const table: [Fact, string][] = [
  [
    nouns.artifactPushed({ ...place, digest: d1, mediaType: 'm', size: 9, tags: ['v1', 'v2'], isNew: true }, anna),
    'create_artifact | team/app:v1 | create artifact: team/app:v1',
  ],
  [
    nouns.artifactPushed({ ...place, digest: d1, mediaType: 'm', size: 9, tags: [], isNew: false }, anna),
    'create_artifact | team/app@sha256:d1 | create artifact: team/app@sha256:d1',
  ],
  [
    nouns.artifactPulled({ ...place, digest: d1, tag: 'v1', count: 1, lastAt: 'now' }, anna),
    'pull_artifact | team/app:v1 | pull artifact: team/app:v1',
  ],
  [
    nouns.artifactPulled({ ...place, digest: d1, tag: null, count: 3, lastAt: 'now' }, anna),
    'pull_artifact | team/app@sha256:d1 | pull artifact: team/app@sha256:d1, 3 times',
  ],
  [
    nouns.artifactPulled({ ...place, origin: elsewhere, digest: d1, tag: 'v1', count: 1, lastAt: 'now' }, anna),
    'pull_artifact | team/app:v1 | pull artifact: team/app:v1',
  ],
  [
    nouns.artifactDeleted({ ...place, digest: d1, tags: ['v1'] }, anna),
    'delete_artifact | team/app@sha256:d1 | delete artifact: team/app@sha256:d1',
  ],
  [nouns.tagCreated({ ...place, tag: 'v1', digest: d1 }, anna), 'create_tag | team/app:v1 | create tag: team/app:v1'],
  [
    nouns.tagMoved({ ...place, tag: 'v1', digest: d1, from: d2 }, anna),
    'update_tag | team/app:v1 | move tag: team/app:v1 from sha256:d2 to sha256:d1',
  ],
  [nouns.tagDeleted({ ...place, tag: 'v1', digest: d1 }, anna), 'delete_tag | team/app:v1 | delete tag: team/app:v1'],
  [nouns.repositoryCreated(place, anna), 'create_repository | team/app | create repository: team/app'],
  [
    nouns.blobDeleted({ ...place, digest: d1 }, anna),
    'delete_blob | team/app@sha256:d1 | delete blob: team/app@sha256:d1',
  ],
  [nouns.projectCreated({ ...project, isPublic: true }, anna), 'create_project | team | create project: team'],
  [
    nouns.projectUpdated({ ...project, changed: { public: 'true', auto_scan: null } }, anna),
    'update_project | team | update project: team (public, auto_scan)',
  ],
  [nouns.projectDeleted(project, anna), 'delete_project | team | delete project: team'],
  [quotas.quotaUpdated({ ...project, hard: 100, from: -1 }, anna), 'update_quota | team | update quota: team'],
  [labels.labelCreated(label, anna), 'create_label | fast | create label: fast'],
  [
    labels.labelUpdated({ ...label, projectId: 3, changed: { color: '#fff' } }, anna),
    'update_label | fast | update label: fast (color)',
  ],
  [labels.labelDeleted(label, anna), 'delete_label | fast | delete label: fast'],
  [
    settings.configurationUpdated({ changed: { read_only: true, notification_enable: false } }, anna),
    'update_configuration | configuration | update configuration: read_only, notification_enable',
  ],
  [registry.signingKeyRotated({ keyId: 'k1' }, anna), 'rotate_signing_key | k1 | rotate signing key: k1'],
  [
    cveAllowlist.cveAllowlistUpdated({ projectId: null, cves: ['CVE-2026-1'], expiresAt: null }, anna),
    'update_cve_allowlist | system | update cve allowlist: system',
  ],
  [
    cveAllowlist.cveAllowlistUpdated({ projectId: 3, cves: [], expiresAt: 5 }, anna),
    'update_cve_allowlist | 3 | update cve allowlist: 3',
  ],
  [accounts.accountCreated(account, anna), 'create_user | bert | create user: bert'],
  [
    accounts.accountChanged({ ...account, changed: { email: 'b@example.com', realname: null } }, anna),
    'update_user | bert | update user: bert (email, realname)',
  ],
  [accounts.accountPasswordChanged(account, anna), 'update_user | bert | change user password: bert'],
  [accounts.accountDeleted({ ...account, projectsHandedTo: 1 }, anna), 'delete_user | bert | delete user: bert'],
  [
    accounts.tokenCreated({ ...account, tokenName: 'laptop' }, anna),
    'update_user | bert | create personal token of bert: laptop',
  ],
  [
    accounts.tokenRevoked({ ...account, tokenName: 'laptop' }, anna),
    'update_user | bert | revoke personal token of bert: laptop',
  ],
  [accounts.sessionOpened(account, anna), 'login_user | bert | login user: bert'],
  [accounts.sessionClosed(account, anna), 'logout_user | bert | logout user: bert'],
  [userGroups.groupCreated({ ...group, type: 1 }, anna), 'create_user_group | builders | create user group: builders'],
  [
    userGroups.groupChanged({ ...group, before: 'makers' }, anna),
    'update_user_group | builders | update user group: builders',
  ],
  [userGroups.groupDeleted(group, anna), 'delete_user_group | builders | delete user group: builders'],
  [members.memberAdded(member, anna), 'create_member | bert | create member: bert'],
  [members.memberChanged({ ...member, before: 1 }, anna), 'update_member | bert | update member: bert'],
  [members.memberRemoved(member, anna), 'delete_member | bert | delete member: bert'],
  [
    robots.robotCreated({ ...robot, durationDays: 30, permissions: ['repository:pull'] }, anna),
    'create_robot | robot$team+ci | create robot: robot$team+ci',
  ],
  [
    robots.robotChanged({ ...robot, changed: { isDisabled: true } }, anna),
    'update_robot | robot$team+ci | update robot: robot$team+ci (isDisabled)',
  ],
  [
    robots.robotSecretRefreshed({ ...robot, oldUntil: null }, anna),
    'update_robot | robot$team+ci | give robot a new secret: robot$team+ci',
  ],
  [
    robots.robotOldSecretEnded(robot, anna),
    'update_robot | robot$team+ci | end the old secret of robot: robot$team+ci',
  ],
  [
    robots.robotExpiresSoon({ ...robot, expiresAt: '2026-01-02T03:04:05.000Z' }, anna),
    'warn_robot | robot$team+ci | robot robot$team+ci expires at 2026-01-02T03:04:05.000Z',
  ],
  [
    workloads.ruleCreated({ ...trustRule, issuer: 'https://gitlab.example', permissions: ['repository:push'] }, anna),
    'create_workload_rule | builds | create workload rule: builds',
  ],
  [
    workloads.ruleChanged({ ...trustRule, issuer: 'https://gitlab.example', permissions: ['repository:push'] }, anna),
    'update_workload_rule | builds | update workload rule: builds',
  ],
  [workloads.ruleDeleted(trustRule, anna), 'delete_workload_rule | builds | delete workload rule: builds'],
  [
    workloads.admitted({ ...workload, rules: ['builds', 'all'], projectId: null }, anna),
    'login_workload | gitlab.example#team | log in workload: gitlab.example#team by builds, all',
  ],
  [
    robots.robotDeleted({ ...robot, projectId: null }, anna),
    'delete_robot | robot$team+ci | delete robot: robot$team+ci',
  ],
  [
    artifacts.artifactCopied({ ...place, digest: d1, from: 'old/app', tags: ['v1'] }, anna),
    'create_artifact | team/app:v1 | copy artifact: team/app:v1 from old/app',
  ],
  [
    artifacts.artifactCopied({ ...place, digest: d1, from: 'old/app', tags: [] }, anna),
    'create_artifact | team/app@sha256:d1 | copy artifact: team/app@sha256:d1 from old/app',
  ],
  [
    artifacts.artifactLabeled({ ...place, digest: d1, labelId: 11 }, anna),
    'update_artifact | team/app@sha256:d1 | put label 11 on team/app@sha256:d1',
  ],
  [
    artifacts.artifactUnlabeled({ ...place, digest: d1, labelId: 11 }, anna),
    'update_artifact | team/app@sha256:d1 | take label 11 off team/app@sha256:d1',
  ],
  [
    audit.loginFailed({ name: 'bert', count: 1, origin }, anna),
    'login_user | bert | wrong name or password: bert | failed',
  ],
  [
    audit.loginFailed({ name: 'bert', count: 4, origin }, anna),
    'login_user | bert | wrong name or password: bert, 4 times | failed',
  ],
  [
    audit.changeRefused({ what: 'DELETE /projects/3', count: 2, origin, projectId: 3 }, anna),
    'refuse_request | DELETE /projects/3 | refused: DELETE /projects/3, 2 times | failed',
  ],
  [
    audit.auditPurged({ executionId: 18, before: 'then', eventTypes: ['*'], removed: 5 }, anna),
    'purge_audit_log | audit_log | purge audit log: 5 entries from before then',
  ],
  [audit.purgeAsked({ executionId: 18, ...purge }, anna), 'ask_audit_purge | 18 | ask audit purge: 18'],
  [audit.purgeStopped({ executionId: 18 }, anna), 'stop_audit_purge | 18 | stop audit purge: 18'],
  [
    audit.purgeScheduled({ cron: '0 0 * * * *', ...purge }, anna),
    'schedule_audit_purge | audit_log | schedule the purge of the audit log: 0 0 * * * *',
  ],
  [
    audit.purgeScheduled({ cron: null }, anna),
    'schedule_audit_purge | audit_log | end the schedule of the purge of the audit log',
  ],
  [
    cache.cacheForgotten({ resource: 'manifest', key: 'manifest:1' }, anna),
    'forget_cache | manifest:1 | forget cache: manifest:1',
  ],
  [cache.cacheForgotten({ resource: 'manifest', key: null }, anna), 'forget_cache | manifest | forget cache: manifest'],
  [
    endpoints.endpointCreated({ ...endpoint, type: 'harbor', url: 'https://backup.example' }, anna),
    'create_endpoint | backup | create endpoint: backup',
  ],
  [
    endpoints.endpointChanged({ ...endpoint, changed: ['url', 'accessSecret'] }, anna),
    'update_endpoint | backup | update endpoint: backup (url, accessSecret)',
  ],
  [endpoints.endpointDeleted(endpoint, anna), 'delete_endpoint | backup | delete endpoint: backup'],
  [
    endpoints.endpointFailed({ ...endpoint, why: 'no answer' }, anna),
    'fail_endpoint | backup | the endpoint backup no longer answers: no answer | failed',
  ],
  [endpoints.endpointRecovered(endpoint, anna), 'recover_endpoint | backup | the endpoint backup answers again'],
  [replication.policyCreated(copies, anna), 'create_replication_policy | nightly | create replication policy: nightly'],
  [
    replication.policyChanged({ ...copies, changed: ['filters', 'speed'] }, anna),
    'update_replication_policy | nightly | update replication policy: nightly (filters, speed)',
  ],
  [replication.policyDeleted(copies, anna), 'delete_replication_policy | nightly | delete replication policy: nightly'],
  [
    replication.replicationStarted({ ...copies, executionId: 25, trigger: 'manual' }, anna),
    'start_replication | nightly | start replication: nightly',
  ],
  [
    replication.replicationStopped({ ...copies, executionId: 25 }, anna),
    'stop_replication | nightly | stop replication: nightly',
  ],
  [
    replication.taskChanged(task, anna),
    'update_replication_task | copies/team/app [1 item(s) in total] | copy of team/app: Success',
  ],
  [
    replication.taskFailed({ ...task, status: 'Error', message: 'no answer' }, anna),
    'fail_replication_task | copies/team/app [1 item(s) in total] | copy of team/app: Error, no answer | failed',
  ],
  [exports.exportRequested({ executionId: 18, report: 'artifacts' }, anna), 'request_export | 18 | request export: 18'],
  [
    exports.exportDownloaded({ executionId: 18, report: 'artifacts' }, anna),
    'download_export | 18 | download export: 18',
  ],
  [
    gc.collectionAsked({ executionId: 18, isDryRun: true, deletesUntagged: false }, anna),
    'ask_collection | 18 | ask collection: 18',
  ],
  [gc.collectionStopped({ executionId: 18 }, anna), 'stop_collection | 18 | stop collection: 18'],
  [
    gc.collectionScheduled({ cron: '0 0 * * * *', isDryRun: false, deletesUntagged: true }, anna),
    'schedule_collection | garbage_collection | schedule garbage collection: 0 0 * * * *',
  ],
  [
    gc.collectionScheduled({ cron: null, isDryRun: false, deletesUntagged: false }, anna),
    'schedule_collection | garbage_collection | end the schedule of garbage collection',
  ],
  [
    immutability.ruleCreated({ projectId: 3, ruleId: 19, rule }, anna),
    'create_immutable_rule | 19 | create immutable rule: 19',
  ],
  [
    immutability.ruleChanged({ projectId: 3, ruleId: 19, changed: { isDisabled: true } }, anna),
    'update_immutable_rule | 19 | update immutable rule: 19 (isDisabled)',
  ],
  [
    immutability.ruleDeleted({ projectId: 3, ruleId: 19 }, anna),
    'delete_immutable_rule | 19 | delete immutable rule: 19',
  ],
  [jobService.jobStopped({ taskId: 20, jobType: 'GARBAGE_COLLECTION' }, anna), 'stop_job | 20 | stop job: 20'],
  [jobService.queuePaused({ jobType: 'EXPORT' }, anna), 'pause_queue | EXPORT | pause queue: EXPORT'],
  [jobService.queueResumed({ jobType: 'EXPORT' }, anna), 'resume_queue | EXPORT | resume queue: EXPORT'],
  [jobService.queueCleared({ jobType: 'EXPORT', count: 3 }, anna), 'clear_queue | EXPORT | clear queue: EXPORT'],
  [
    quotas.quotaExceeded({ ...place, tags: ['v1'], details: 'no room' }, anna),
    'exceed_quota | team/app | refused for want of room in team/app: no room | failed',
  ],
  [
    quotas.quotaWarned({ ...place, digest: d1, tags: ['v1'], details: 'little room' }, anna),
    'warn_quota | team/app | warn quota: team/app',
  ],
  [
    reactions.reactionReplayed({ name: 'webhooks', fromFact: 21 }, anna),
    'replay_reaction | webhooks | replay reaction: webhooks',
  ],
  [reactions.reactionRetried(retried, anna), 'retry_reaction | webhooks | retry reaction: webhooks'],
  [
    repositories.repositoryChanged({ ...place, changed: ['description'] }, anna),
    'update_repository | team/app | update repository: team/app (description)',
  ],
  [
    repositories.repositoryDeleted({ ...place, artifacts: 2 }, anna),
    'delete_repository | team/app | delete repository: team/app',
  ],
  [
    scanning.scannerCreated({ ...scanner, url: 'http://trivy' }, anna),
    'create_scanner | trivy | create scanner: trivy',
  ],
  [
    scanning.scannerChanged({ ...scanner, changed: ['url', 'auth'] }, anna),
    'update_scanner | trivy | update scanner: trivy (url, auth)',
  ],
  [scanning.scannerDeleted(scanner, anna), 'delete_scanner | trivy | delete scanner: trivy'],
  [scanning.scannerChosen({ ...scanner, projectId: 3 }, anna), 'update_scanner | trivy | update scanner: trivy'],
  [
    scanning.sbomRequested({ ...place, digest: d1 }, anna),
    'create_sbom | team/app@sha256:d1 | create sbom: team/app@sha256:d1',
  ],
  [
    scanning.sbomStopped({ ...place, ...scanEnded, scanType: 'sbom' }, anna),
    'stop_sbom | team/app@sha256:d1 | stop sbom: team/app@sha256:d1',
  ],
  [
    scanning.scanRequested({ ...place, digest: d1 }, anna),
    'create_scan | team/app@sha256:d1 | create scan: team/app@sha256:d1',
  ],
  [
    scanning.scanStopped({ ...place, ...scanEnded }, anna),
    'stop_scan | team/app@sha256:d1 | stop scan: team/app@sha256:d1',
  ],
  [
    scanning.scanCompleted({ ...place, ...scanEnded }, marina),
    'complete_scan | team/app@sha256:d1 | complete scan: team/app@sha256:d1',
  ],
  [
    scanning.scanFailed({ ...place, ...scanEnded, reason: 'no answer' }, marina),
    'complete_scan | team/app@sha256:d1 | scan failed: team/app@sha256:d1: no answer | failed',
  ],
  [scanning.scanAllRequested({ executionId: 7 }, anna), 'create_scan_all | all images | create scan all: all images'],
  [scanning.scanAllStopped({ executionId: 7 }, anna), 'stop_scan_all | all images | stop scan all: all images'],
  [
    scanning.scanAllScheduled({ cron: '0 0 2 * * *' }, anna),
    'update_scan_all | all images | schedule the scan of all images: 0 0 2 * * *',
  ],
  [
    scanning.scanAllScheduled({ cron: null }, anna),
    'update_scan_all | all images | end the schedule of the scan of all images',
  ],
  [
    systemArtifacts.systemArtifactCreated(report, marina),
    'create_system_artifact | scan/1 | create system artifact: scan/1',
  ],
  [
    systemArtifacts.systemArtifactDeleted(report, marina),
    'delete_system_artifact | scan/1 | delete system artifact: scan/1',
  ],
  [
    deployments.deploymentsReported({ projectId: 3, cluster: 'prod', images: 4 }, anna),
    'update_deployment | cluster prod | the cluster prod runs 4 artifacts',
  ],
  [
    deployments.deploymentsForgotten({ projectId: 3, cluster: 'prod' }, anna),
    'delete_deployment | cluster prod | delete deployment: cluster prod',
  ],
  [templates.templateCreated(template, anna), 'create_project_template | teams | create project template: teams'],
  [templates.templateChanged(template, anna), 'update_project_template | teams | update project template: teams'],
  [templates.templateDeleted(template, anna), 'delete_project_template | teams | delete project template: teams'],
  [
    templates.templateApplied({ ...template, projectId: 3 }, anna),
    'apply_project_template | teams | apply project template: teams',
  ],
  [
    scores.scoreRulesUpdated({ preset: 'custom' }, anna),
    'update_score_rules | score rules | update score rules: custom',
  ],
  [
    retention.policyCreated({ ...ofRetention, policy: {} }, anna),
    'create_retention | retention policy 18 | create retention: retention policy 18',
  ],
  [
    retention.policyChanged({ ...ofRetention, changed: {} }, anna),
    'update_retention | retention policy 18 | update retention: retention policy 18',
  ],
  [
    retention.policyDeleted(ofRetention, anna),
    'delete_retention | retention policy 18 | delete retention: retention policy 18',
  ],
  [
    retention.scheduled({ ...ofRetention, cron: '0 0 3 * * *' }, anna),
    'schedule_retention | retention policy 18 | schedule tag retention: 0 0 3 * * *',
  ],
  [
    retention.runAsked({ ...run, isDryRun: true, maxShare: null }, anna),
    'start_retention | retention run 19 | start retention: retention run 19',
  ],
  [retention.runStopped(run, anna), 'stop_retention | retention run 19 | stop retention: retention run 19'],
  [
    retention.runHeld({ ...run, project: 'team', percent: 70, limit: 50 }, anna),
    'hold_retention | retention run 19 | ' +
      'retention held: it would delete 70 % of the tags of team, more than 50 % | failed',
  ],
  [retention.restoreAsked(run, anna), 'restore_retention | retention run 19 | restore retention: retention run 19'],
  [
    retention.repositoryDone(
      { ...place, policyId: 18, executionId: 19, total: 9, retained: 3, deleted: [], rules: [] },
      anna,
    ),
    'finish_retention | team/app | retention: team/app keeps 3 of 9 artifacts',
  ],
  [
    undelete.trashRestored({ ...place, kind: 'tag', digest: d1, tags: ['v1'] }, anna),
    'restore_trash | team/app | restore trash: team/app',
  ],
  [webhooks.policyCreated(policy, anna), 'create_webhook_policy | to chat | create webhook policy: to chat'],
  [
    webhooks.policyChanged({ ...policy, changed: ['targets.0'] }, anna),
    'update_webhook_policy | to chat | update webhook policy: to chat (targets.0)',
  ],
  [
    webhooks.policyChanged({ ...policy, projectId: null, changed: [] }, anna),
    'update_webhook_policy | to chat | update webhook policy: to chat',
  ],
  [webhooks.policyDeleted(policy, anna), 'delete_webhook_policy | to chat | delete webhook policy: to chat'],
  [
    webhooks.policyTested({ ...policy, eventType: 'PUSH_ARTIFACT', eventId, deliveries: 1 }, anna),
    'test_webhook_policy | to chat | test webhook policy: to chat',
  ],
  [
    webhooks.deliveriesRepeated({ ...policy, first: 1, last: 2, count: 2 }, anna),
    'repeat_webhook_delivery | to chat | repeat webhook delivery: to chat',
  ],
  [
    webhooks.targetFailed({ ...target, why: 'HTTP 500', restsUntil: null }, anna),
    'fail_webhook_target | to chat | a target of webhook policy to chat fails and is left to rest: HTTP 500 | failed',
  ],
  [
    webhooks.targetRecovered(target, anna),
    'recover_webhook_target | to chat | a target of webhook policy to chat takes deliveries again',
  ],
  [
    webhooks.targetPaused({ ...target, why: 'gone' }, anna),
    'pause_webhook_target | to chat | pause webhook target: to chat',
  ],
  [
    webhooks.targetResumed({ ...policy, targetId: 17 }, anna),
    'resume_webhook_target | to chat | resume webhook target: to chat',
  ],
  [
    caches.refreshed({ projectId: 3, project: 'hub', repository: null, tag: null, tags: 4 }, anna),
    'refresh_proxy_cache | hub | ask again for 4 tags that hub has cached',
  ],
  [
    caches.forgotten({ projectId: 3, project: 'hub', repository: 'hub/app', tag: 'v1' }, anna),
    'forget_proxy_cache | hub/app:v1 | forget hub/app:v1',
  ],
  [
    caches.prefetchAsked({ projectId: 3, project: 'hub', executionId: 19, images: 2 }, anna),
    'prefetch_proxy_cache | hub | fetch 2 images into hub',
  ],
  [
    caches.evicted({ projectId: 3, project: 'hub', artifacts: 5, reason: 'budget' }, anna),
    'evict_proxy_cache | hub | evict 5 artifacts from hub (budget)',
  ],
  [
    signatures.signerSaved({ projectId: 3, name: 'release', signer: { kind: 'key', publicKey: 'PEM' } }, anna),
    'update_signer | release | update signer: release',
  ],
  [
    signatures.signerDeleted({ projectId: 3, name: 'release' }, anna),
    'delete_signer | release | delete signer: release',
  ],
  [
    signatures.trustRootSaved({ name: 'sigstore', hash: 'sha256:00' }, anna),
    'update_trust_root | sigstore | update trust root: sigstore',
  ],
  [
    signatures.trustRootDeleted({ name: 'sigstore' }, anna),
    'delete_trust_root | sigstore | delete trust root: sigstore',
  ],
  [
    matcher.vulndbAsked({ executionId: 8, source: 'library/osv:1' }, anna),
    'create_vulndb | library/osv:1 | create vulndb: library/osv:1',
  ],
  [matcher.vulndbStopped({ executionId: 8 }, anna), 'stop_vulndb | 8 | stop vulndb: 8'],
  [
    matcher.vulndbScheduled({ cron: null, source: 'library/osv:1' }, anna),
    'update_vulndb | library/osv:1 | update vulndb: library/osv:1',
  ],
  [
    matcher.vulndbImported({ source: 'library/osv:1', advisories: 9 }, anna),
    'update_vulndb | library/osv:1 | update vulndb: library/osv:1',
  ],
  [
    matcher.vulndbDeleted({ source: 'library/osv:1' }, anna),
    'delete_vulndb | library/osv:1 | delete vulndb: library/osv:1',
  ],
  [
    matcher.vulnerabilitiesFound(
      {
        ...place,
        digest: d1,
        count: 1,
        vulnerabilities: [{ id: 'CVE-1', severity: 'High', package: 'a', version: '1' }],
      },
      anna,
    ),
    'create_vulnerability | team/app@sha256:d1 | create vulnerability: team/app@sha256:d1',
  ],
  [
    { topic: 'tree.planted', payload: { treeId: 22, changed: ['leaves'], by: anna } },
    'plant_tree | 22 | plant tree: 22 (leaves)',
  ],
]

test('the audit log has one entry for a fact of each topic: event type, resource, description and outcome', () => {
  for (const [fact, line] of table) {
    const { by, projectId = null, ...details } = fact.payload
    const entry = entryOf(topics, { ...about, ...fact })
    const outcome = entry.isSuccess ? '' : ' | failed'
    assert.equal(`${eventTypeOf(entry)} | ${entry.resource} | ${entry.description}${outcome}`, line)
    assert.deepEqual([entry.by, entry.projectId, entry.details], [by, projectId, details])
    assert.equal(entry.address, 'origin' in details ? origin.address : about.address)
  }
})

test('each topic has a line in the table of entries', () => {
  const shown = new Set(table.map(([{ topic }]) => topic))
  assert.deepEqual(
    [...topics.keys()].filter((topic) => !shown.has(topic)),
    [],
  )
})

test('the types of events begin with those that Harbor knows', () => {
  assert.deepEqual(eventTypesOf(topics), [
    'create_artifact',
    'delete_artifact',
    'pull_artifact',
    'create_project',
    'delete_project',
    'delete_repository',
    'login_user',
    'logout_user',
    'create_user',
    'delete_user',
    'update_user',
    'create_robot',
    'delete_robot',
    'update_configuration',
    'create_member',
    'delete_member',
    'update_member',
    'update_project',
    'apply_project_template',
    'ask_audit_purge',
    'ask_collection',
    'clear_queue',
    'complete_scan',
    'create_endpoint',
    'create_immutable_rule',
    'create_label',
    'create_project_template',
    'create_replication_policy',
    'create_repository',
    'create_retention',
    'create_sbom',
    'create_scan',
    'create_scan_all',
    'create_scanner',
    'create_system_artifact',
    'create_tag',
    'create_user_group',
    'create_vulndb',
    'create_vulnerability',
    'create_webhook_policy',
    'create_workload_rule',
    'delete_blob',
    'delete_deployment',
    'delete_endpoint',
    'delete_immutable_rule',
    'delete_label',
    'delete_project_template',
    'delete_replication_policy',
    'delete_retention',
    'delete_scanner',
    'delete_signer',
    'delete_system_artifact',
    'delete_tag',
    'delete_trust_root',
    'delete_user_group',
    'delete_vulndb',
    'delete_webhook_policy',
    'delete_workload_rule',
    'download_export',
    'evict_proxy_cache',
    'exceed_quota',
    'fail_endpoint',
    'fail_replication_task',
    'fail_webhook_target',
    'finish_retention',
    'forget_cache',
    'forget_proxy_cache',
    'hold_retention',
    'login_workload',
    'pause_queue',
    'pause_webhook_target',
    'prefetch_proxy_cache',
    'purge_audit_log',
    'recover_endpoint',
    'recover_webhook_target',
    'refresh_proxy_cache',
    'refuse_request',
    'repeat_webhook_delivery',
    'replay_reaction',
    'request_export',
    'restore_retention',
    'restore_trash',
    'resume_queue',
    'resume_webhook_target',
    'retry_reaction',
    'rotate_signing_key',
    'schedule_audit_purge',
    'schedule_collection',
    'schedule_retention',
    'start_replication',
    'start_retention',
    'stop_audit_purge',
    'stop_collection',
    'stop_job',
    'stop_replication',
    'stop_retention',
    'stop_sbom',
    'stop_scan',
    'stop_scan_all',
    'stop_vulndb',
    'test_webhook_policy',
    'update_artifact',
    'update_cve_allowlist',
    'update_deployment',
    'update_endpoint',
    'update_immutable_rule',
    'update_label',
    'update_project_template',
    'update_quota',
    'update_replication_policy',
    'update_replication_task',
    'update_repository',
    'update_retention',
    'update_robot',
    'update_scan_all',
    'update_scanner',
    'update_score_rules',
    'update_signer',
    'update_tag',
    'update_trust_root',
    'update_user_group',
    'update_vulndb',
    'update_webhook_policy',
    'update_workload_rule',
    'warn_quota',
    'warn_robot',
  ])
})
