import { plural, wordsOf } from '../../i18n/language.ts'

const en = {
  title: 'Protected tags',
  about:
    'Only the roles and robots that a rule names may push, overwrite or delete these tags. A refusal names the rule.',
  none: 'No tag is protected: every developer can overwrite latest. A rule leaves that to your release robot.',
  add: 'New protection',
  edit: 'Change the protection',
  actions: { push: 'push', overwrite: 'overwrite', delete: 'delete' } as Record<string, string>,
  actionHints: { push: 'A tag that is not there yet', overwrite: 'Move a tag to something else', delete: '' } as Record<
    string,
    string
  >,
  sentence: (who: string, actions: string, tags: string, repositories: string) =>
    `Only ${who} may ${actions} tags ${tags} in ${repositories}`,
  nobody: 'nobody',
  every: 'every repository',
  everyTag: 'of any name',
  name: 'Name',
  nameHint: 'Refusals tell it.',
  tags: 'Tags',
  tagsHint: 'A pattern such as v* or latest; ** for every tag.',
  repositories: 'Repositories',
  repositoriesHint: 'A pattern such as apps/**, without the project; ** for all.',
  what: 'What is protected?',
  whoMay: 'Which roles may do it?',
  robotsMay: 'Which robots may do it?',
  noRobots: 'The project has no robots.',
  noActions: 'Choose at least one.',
  preview: 'What would it refuse?',
  tagCount: (count: string) => `Tags that it protects today: ${count}`,
  refuses: (count: number) =>
    plural(count, {
      one: 'It would refuse one that may do it today:',
      other: `It would refuse ${count} that may do it today:`,
    }),
  refusesNobody: 'It would refuse nobody who may do it today.',
  andMore: 'and others',
  nameTaken: (name: string) => `There is a protection called ${name} already.`,
  saved: (name: string) => `The protection ${name} is saved.`,
  gone: (name: string) => `The protection ${name} is deleted.`,
  deleteTitle: (name: string) => `Delete the protection ${name}?`,
  deleteHint: 'From then on, everybody with the right to push or to delete may do so with these tags.',
}

const de: typeof en = {
  title: 'Geschützte Tags',
  about:
    'Nur die Rollen und Robots, die eine Regel nennt, dürfen diese Tags pushen, überschreiben oder löschen. Eine ' +
    'Ablehnung nennt die Regel.',
  none:
    'Kein Tag ist geschützt: Jeder Entwickler kann latest überschreiben. Eine Regel lässt das nur dem ' +
    'Robot für Releases.',
  add: 'Neuer Schutz',
  edit: 'Schutz ändern',
  actions: { push: 'pushen', overwrite: 'überschreiben', delete: 'löschen' },
  actionHints: { push: 'Ein Tag, das es noch nicht gibt', overwrite: 'Ein Tag auf etwas anderes setzen', delete: '' },
  sentence: (who, actions, tags, repositories) => `Nur ${who} darf Tags ${tags} in ${repositories} ${actions}`,
  nobody: 'niemand',
  every: 'allen Repositorys',
  everyTag: 'aller Namen',
  name: 'Name',
  nameHint: 'Ablehnungen nennen ihn.',
  tags: 'Tags',
  tagsHint: 'Ein Muster wie v* oder latest; ** für jedes Tag.',
  repositories: 'Repositorys',
  repositoriesHint: 'Ein Muster wie apps/**, ohne das Projekt; ** für alle.',
  what: 'Was ist geschützt?',
  whoMay: 'Welche Rollen dürfen es?',
  robotsMay: 'Welche Robots dürfen es?',
  noRobots: 'Das Projekt hat keine Robots.',
  noActions: 'Mindestens eines auswählen.',
  preview: 'Was würde abgelehnt?',
  tagCount: (count) => `Tags, die das heute schützt: ${count}`,
  refuses: (count) =>
    plural(count, {
      one: 'Abgelehnt würde einer, der es heute darf:',
      other: `Abgelehnt würden ${count}, die es heute dürfen:`,
    }),
  refusesNobody: 'Niemand würde abgelehnt, der es heute darf.',
  andMore: 'und andere',
  nameTaken: (name) => `Einen Schutz namens ${name} gibt es schon.`,
  saved: (name) => `Der Schutz ${name} ist gespeichert.`,
  gone: (name) => `Der Schutz ${name} ist gelöscht.`,
  deleteTitle: (name) => `Den Schutz ${name} löschen?`,
  deleteHint: 'Danach darf mit diesen Tags jeder pushen oder löschen, der das Recht dazu hat.',
}

/** Words about tags that only some may change. */
export const protectionWords = wordsOf({ en, de })
