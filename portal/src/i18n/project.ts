import { wordsOf } from './language.ts'

const en = {
  projects: 'Projects',
  public: 'Public',
  private: 'Private',
  proxy: 'Proxy cache',
  roles: { 1: 'Project administrator', 2: 'Developer', 3: 'Guest', 4: 'Maintainer', 5: 'Limited guest' } as Record<
    number,
    string
  >,
  tabsOf: (project: string) => `Pages of the project ${project}`,
  tabs: {
    repositories: 'Repositories',
    members: 'Members',
    robots: 'Robots',
    labels: 'Labels',
    rules: 'Rules',
    webhooks: 'Webhooks',
    usage: 'Usage',
    trash: 'Trash',
    activity: 'Activity',
    settings: 'Settings',
  },
}

const de: typeof en = {
  projects: 'Projekte',
  public: 'Öffentlich',
  private: 'Privat',
  proxy: 'Proxy-Cache',
  roles: { 1: 'Projektadministrator', 2: 'Entwickler', 3: 'Gast', 4: 'Betreuer', 5: 'Eingeschränkter Gast' },
  tabsOf: (project) => `Seiten des Projekts ${project}`,
  tabs: {
    repositories: 'Repositorys',
    members: 'Mitglieder',
    robots: 'Robots',
    labels: 'Labels',
    rules: 'Regeln',
    webhooks: 'Webhooks',
    usage: 'Belegung',
    trash: 'Papierkorb',
    activity: 'Aktivität',
    settings: 'Einstellungen',
  },
}

/** Words around every page of a project. */
export const projectWords = wordsOf({ en, de })
