import type { HookEvent } from '../events.ts'
import type { Sender } from './sender.ts'

/** An adaptive card, the format of webhooks of Microsoft Teams' workflows. */
export const teams: Sender = {
  type: 'teams',
  vendor: 'TEAMS',
  formats: [],
  needsTemplate: false,
  render: (event) => ({
    contentType: 'application/json',
    body: JSON.stringify({
      type: 'message',
      attachments: [{ contentType: 'application/vnd.microsoft.card.adaptive', content: cardOf(event) }],
    }),
  }),
}

function cardOf({ type, occurredAt, operator, data }: HookEvent) {
  const facts = [
    ['Time', occurredAt.toISOString()],
    ['Operator', operator],
    ['Repository', data.repository?.repo_full_name],
    ...(data.resources ?? []).slice(0, 5).flatMap(({ tag, digest }) => [
      ['Tag', tag],
      ['Digest', digest],
    ]),
    ...replicationOf(data.replication),
    ...vulnerabilitiesOf(data.vulnerabilities),
    ...robotOf(data.robot),
    ...Object.entries(data.custom_attributes ?? {}).slice(0, 5),
  ]
  const shown = facts.flatMap(([title, value]) => (value ? [{ title: plain(title!), value: plain(value) }] : []))
  return {
    $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
    type: 'AdaptiveCard',
    version: '1.4',
    body: [
      { type: 'TextBlock', text: `Marina: ${type}`, weight: 'bolder', size: 'medium' },
      { type: 'FactSet', facts: shown },
    ],
  }
}

function replicationOf(task: HookEvent['data']['replication']): [string, string | undefined][] {
  if (!task) return []
  const [artifact] = [...(task.successful_artifact ?? []), ...(task.failed_artifact ?? [])]
  return [
    ['Status', task.job_status],
    ['From', `${task.src_resource.endpoint} ${task.src_resource.namespace}`],
    ['To', `${task.dest_resource.endpoint} ${task.dest_resource.namespace}`],
    ['Artifact', artifact?.name_tag],
  ]
}

const robotOf = (robot: HookEvent['data']['robot']): [string, string][] =>
  robot
    ? [
        ['Robot', robot.name],
        ['Expires', new Date(robot.expires_at * 1000).toISOString()],
      ]
    : []

function vulnerabilitiesOf(found: HookEvent['data']['vulnerabilities']): [string, string][] {
  if (!found) return []
  const counts = Object.entries(found.summary).map(([severity, count]) => `${count} ${severity}`)
  const worst = found.most_severe.map(({ id, package: name, version }) => `${id} in ${name} ${version}`)
  return [
    ['New vulnerabilities', counts.toReversed().join(', ')],
    ['Most severe', worst.join(', ')],
  ]
}

/** Escapes a name: cards render Markdown, and a name must not become a link or a picture. */
const plain = (text: string) => text.slice(0, 1000).replaceAll(/[\\[\]()*`!<>]/g, String.raw`\$&`)
