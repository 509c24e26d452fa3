import { language, wordsOf } from '../i18n/language.ts'
import { draftOf, type Block, type Draft, type Rights } from './permissions.ts'

const en = {
  actions: {
    create: 'create',
    read: 'read',
    update: 'change',
    delete: 'delete',
    list: 'list',
    operate: 'run',
    stop: 'stop',
    pull: 'pull',
    push: 'push',
  } as Record<string, string>,
  resources: {
    'repository': 'Repositories',
    'artifact': 'Artifacts',
    'tag': 'Tags',
    'artifact-label': 'Labels on artifacts',
    'artifact-addition': 'README and build history',
    'accessory': 'Signatures and SBOMs',
    'label': 'Labels',
    'scan': 'Scans',
    'sbom': 'SBOMs',
    'scanner': 'Scanners',
    'project': 'Projects',
    'metadata': 'Settings of a project',
    'member': 'Members',
    'robot': 'Robots',
    'log': 'Activity',
    'quota': 'Quotas',
    'immutable-tag': 'Immutable tags',
    'tag-retention': 'Retention',
    'notification-policy': 'Webhooks',
    'preheat-policy': 'Preheating',
    'export-cve': 'Export of CVEs',
    'audit-log': 'Audit log',
    'preheat-instance': 'Preheating services',
    'replication-policy': 'Replication policies',
    'replication': 'Replications',
    'replication-adapter': 'Kinds of endpoints',
    'registry': 'Endpoints',
    'scan-all': 'Scan of everything',
    'system-volumes': 'Storage',
    'garbage-collection': 'Collections',
    'purge-audit': 'Purge of the audit log',
    'jobservice-monitor': 'Jobs',
    'security-hub': 'Security hub',
    'catalog': 'Catalogue',
    'user': 'Users',
    'ldap-user': 'LDAP users',
    'user-group': 'Groups',
  } as Record<string, string>,
  refusals: { 'repository:push': 'push', 'artifact:delete': 'delete', 'member:update': 'change members' } as Record<
    string,
    string
  >,
  everywhere: 'every project',
  ofSystem: 'the whole system',
}

const de: typeof en = {
  actions: {
    create: 'anlegen',
    read: 'lesen',
    update: 'ändern',
    delete: 'löschen',
    list: 'auflisten',
    operate: 'ausführen',
    stop: 'anhalten',
    pull: 'pullen',
    push: 'pushen',
  },
  resources: {
    'repository': 'Repositorys',
    'artifact': 'Artefakte',
    'tag': 'Tags',
    'artifact-label': 'Labels an Artefakten',
    'artifact-addition': 'README und Build-Verlauf',
    'accessory': 'Signaturen und SBOMs',
    'label': 'Labels',
    'scan': 'Scans',
    'sbom': 'SBOMs',
    'scanner': 'Scanner',
    'project': 'Projekte',
    'metadata': 'Projekteinstellungen',
    'member': 'Mitglieder',
    'robot': 'Robots',
    'log': 'Aktivität',
    'quota': 'Kontingente',
    'immutable-tag': 'Unveränderliche Tags',
    'tag-retention': 'Aufbewahrung',
    'notification-policy': 'Webhooks',
    'preheat-policy': 'Vorwärmen',
    'export-cve': 'CVE-Export',
    'audit-log': 'Audit-Log',
    'preheat-instance': 'Vorwärmdienste',
    'replication-policy': 'Replikationsregeln',
    'replication': 'Replikationen',
    'replication-adapter': 'Arten von Endpunkten',
    'registry': 'Endpunkte',
    'scan-all': 'Scan aller Images',
    'system-volumes': 'Speicher',
    'garbage-collection': 'Speicherbereinigung',
    'purge-audit': 'Kürzen des Audit-Logs',
    'jobservice-monitor': 'Jobs',
    'security-hub': 'Sicherheitsübersicht',
    'catalog': 'Katalog',
    'user': 'Benutzer',
    'ldap-user': 'LDAP-Benutzer',
    'user-group': 'Gruppen',
  },
  refusals: { 'repository:push': 'pushen', 'artifact:delete': 'löschen', 'member:update': 'Mitglieder ändern' },
  everywhere: 'alle Projekte',
  ofSystem: 'das ganze System',
}

const words = wordsOf({ en, de })

export const resourceName = (resource: string): string => words().resources[resource] ?? resource
export const actionName = (action: string): string => words().actions[action] ?? action

/** The actions on each resource, in the order of the rights. */
export function byResource(rights: Rights): [resource: string, actions: string[]][] {
  const found = new Map<string, string[]>()
  for (const right of rights) {
    const [resource = '', action = ''] = right.split(':')
    found.set(resource, [...(found.get(resource) ?? []), action])
  }
  return [...found]
}

const listed = (all: string[], type: 'conjunction' | 'disjunction' = 'conjunction'): string =>
  new Intl.ListFormat(language.value, { type }).format(all)

/** `pull and push`: what most want to know; other rights by their resource: `Tags: list`. */
export function rightsInWords(rights: Rights): string {
  const plain = ['pull', 'push'].filter((one) => rights.includes(`repository:${one}`)).map(actionName)
  const rest = rights.filter((one) => one !== 'repository:pull' && one !== 'repository:push')
  const others = byResource(rest).map(
    ([resource, actions]) => `${resourceName(resource)}: ${actions.map(actionName).join(', ')}`,
  )
  return [...(plain.length > 0 ? [listed(plain)] : []), ...others].join(' · ')
}

/** What people would expect, and a robot with these rights may not do. */
export const refusalsInWords = (rights: Rights): string =>
  listed(
    Object.entries(words().refusals)
      .filter(([right]) => !rights.includes(right))
      .map(([, text]) => text),
    'disjunction',
  )

export function placesInWords({ places, rights, systemRights }: Draft): string {
  const names = rights.length === 0 ? [] : places.map((one) => (one === '*' ? words().everywhere : one))
  return listed([...names, ...(systemRights.length > 0 ? [words().ofSystem] : [])])
}

/** `pull and push – team`: what a robot or a token may do, and where; blocks that differ follow one another. */
export function permissionsInWords(blocks: readonly Block[]): string {
  const inWords = (draft: Draft) =>
    `${rightsInWords([...draft.rights, ...draft.systemRights])} – ${placesInWords(draft)}`
  const whole = draftOf(blocks)
  const drafts = whole ? [whole] : blocks.flatMap((one) => draftOf([one]) ?? [])
  return drafts.map(inWords).join('; ')
}
