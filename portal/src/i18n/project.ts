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
  deleteTitle: (name: string) => `Delete the project ${name}?`,
  deleteHint: 'Its members, robots, labels, rules and webhooks go with it. This cannot be undone.',
  holds: 'It still holds repositories. Delete those first.',
  deleteAction: 'Delete the project',
  gone: (name: string) => `The project ${name} is deleted.`,
  addProject: 'Add a project',
  dropProject: (name: string) => `Leave ${name} out`,
  tabsOf: (project: string) => `Pages of the project ${project}`,
  tabs: {
    repositories: 'Repositories',
    cache: 'Cache',
    members: 'Members',
    access: 'Access',
    robots: 'Robots',
    workloads: 'Workloads',
    labels: 'Labels',
    rules: 'Rules',
    webhooks: 'Webhooks',
    preheat: 'Preheat',
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
  deleteTitle: (name) => `Das Projekt ${name} löschen?`,
  deleteHint: 'Mitglieder, Robots, Labels, Regeln und Webhooks gehen mit. Das lässt sich nicht rückgängig machen.',
  holds: 'Es enthält noch Repositorys. Löschen Sie zuerst diese.',
  deleteAction: 'Projekt löschen',
  gone: (name) => `Das Projekt ${name} ist gelöscht.`,
  addProject: 'Projekt hinzufügen',
  dropProject: (name) => `${name} weglassen`,
  tabsOf: (project) => `Seiten des Projekts ${project}`,
  tabs: {
    repositories: 'Repositorys',
    cache: 'Cache',
    members: 'Mitglieder',
    access: 'Zugriff',
    robots: 'Robots',
    workloads: 'Workloads',
    labels: 'Labels',
    rules: 'Regeln',
    webhooks: 'Webhooks',
    preheat: 'Vorwärmen',
    usage: 'Belegung',
    trash: 'Papierkorb',
    activity: 'Aktivität',
    settings: 'Einstellungen',
  },
}

/** Words around every page of a project. */
export const projectWords = wordsOf({ en, de })
