import { plural, wordsOf } from '../../i18n/language.ts'

const en = {
  title: 'Home',
  hello: (name: string) => `Hello, ${name}`,
  visitor: 'What is public here',
  visitorHint: 'Anybody may pull what is in these projects. Sign in to see those that you are a member of.',
  attention: 'Needs attention',
  quota: (project: string, share: string) => `The project ${project} has used ${share} of its storage.`,
  quotaHint: 'Pushes fail once nothing is left.',
  replications: (count: number) =>
    plural(count, {
      one: 'The newest run of one replication failed.',
      other: `The newest runs of ${count} replications failed.`,
    }),
  reactions: (name: string, count: number) =>
    plural(count, { one: `${name} has one parked event.`, other: `${name} has ${count} parked events.` }),
  reactionsHint: 'What should have followed from it has not happened.',
  madePassword: 'Your password is the one that Marina made.',
  madePasswordHint: 'Choose your own in your account.',
  jobs: (count: number, kinds: string) =>
    plural(count, {
      one: `One job failed within a week: ${kinds}.`,
      other: `${count} jobs failed within a week: ${kinds}.`,
    }),
  allWell: 'Nothing needs attention.',
  projects: 'Projects',
  allProjects: 'All projects',
  pushed: 'Recently pushed',
  pulled: 'Recently pulled',
  nothingPushed: 'Nothing has been pushed yet.',
  nothingPulled: 'Nothing has been pulled yet.',
  emptyTitle: 'Push the first image',
  emptyHint: 'Create a project, and run these three commands where the image is. It then appears here with its layers.',
  emptyVisitor: 'There is no public project here. Sign in to see yours.',
  repositories: (count: number, shown: string) =>
    plural(count, { one: '1 repository', other: `${shown} repositories` }),
  newProject: 'To the projects',
  full: (share: string) => `${share} full`,
}

const de: typeof en = {
  title: 'Start',
  hello: (name) => `Hallo, ${name}`,
  visitor: 'Was hier öffentlich ist',
  visitorHint: 'Aus diesen Projekten darf jeder pullen. Nach dem Anmelden stehen hier auch die eigenen.',
  attention: 'Braucht Aufmerksamkeit',
  quota: (project, share) => `Das Projekt ${project} hat ${share} seines Speichers belegt.`,
  quotaHint: 'Ist nichts mehr frei, schlagen Pushes fehl.',
  replications: (count) =>
    plural(count, {
      one: 'Der letzte Lauf einer Replikation ist fehlgeschlagen.',
      other: `Die letzten Läufe von ${count} Replikationen sind fehlgeschlagen.`,
    }),
  reactions: (name, count) =>
    plural(count, { one: `${name} hat ein geparktes Ereignis.`, other: `${name} hat ${count} geparkte Ereignisse.` }),
  reactionsHint: 'Was daraus folgen sollte, ist nicht geschehen.',
  madePassword: 'Das Passwort ist noch das, das Marina erzeugt hat.',
  madePasswordHint: 'Im eigenen Konto lässt es sich ändern.',
  jobs: (count, kinds) =>
    plural(count, {
      one: `Ein Job ist in der letzten Woche fehlgeschlagen: ${kinds}.`,
      other: `${count} Jobs sind in der letzten Woche fehlgeschlagen: ${kinds}.`,
    }),
  allWell: 'Nichts braucht Aufmerksamkeit.',
  projects: 'Projekte',
  allProjects: 'Alle Projekte',
  pushed: 'Zuletzt gepusht',
  pulled: 'Zuletzt gepullt',
  nothingPushed: 'Noch wurde nichts gepusht.',
  nothingPulled: 'Noch wurde nichts gepullt.',
  emptyTitle: 'Das erste Image pushen',
  emptyHint: 'Ein Projekt anlegen und diese drei Befehle dort ausführen, wo das Image ist. Dann steht es hier.',
  emptyVisitor: 'Hier gibt es kein öffentliches Projekt. Nach dem Anmelden stehen hier die eigenen.',
  repositories: (count, shown) => plural(count, { one: '1 Repository', other: `${shown} Repositorys` }),
  newProject: 'Zu den Projekten',
  full: (share) => `zu ${share} voll`,
}

export const words = wordsOf({ en, de })
