import { plural, wordsOf } from '../../i18n/language.ts'

const en = {
  title: 'Search',
  label: 'A part of a name, the beginning of a tag, or a digest',
  about: 'Projects and repositories are found by a part of their name, artifacts by how a tag or a digest begins.',
  all: 'Everything',
  projects: 'Projects',
  repositories: 'Repositories',
  artifacts: 'Tags and digests',
  start: 'What are you looking for?',
  nothing: (text: string) => `Nothing is called ${text}`,
  nothingHint: 'Try a shorter part of the name. What is private is found by its members alone.',
  pulls: (count: number, shown: string) => plural(count, { one: '1 pull', other: `${shown} pulls` }),
  artifactCount: (count: number, shown: string) => plural(count, { one: '1 artifact', other: `${shown} artifacts` }),
  repositoryCount: (count: number, shown: string) =>
    plural(count, { one: '1 repository', other: `${shown} repositories` }),
  more: 'There are more: type more of the name.',
  kinds: 'What to show',
}

const de: typeof en = {
  title: 'Suche',
  label: 'Ein Teil eines Namens, der Anfang eines Tags oder ein Digest',
  about: 'Projekte und Repositorys findet ein Teil des Namens, Artefakte der Anfang eines Tags oder Digests.',
  all: 'Alles',
  projects: 'Projekte',
  repositories: 'Repositorys',
  artifacts: 'Tags und Digests',
  start: 'Was suchen Sie?',
  nothing: (text) => `Nichts heißt ${text}`,
  nothingHint: 'Versuchen Sie einen kürzeren Teil des Namens. Privates finden nur Mitglieder.',
  pulls: (count, shown) => plural(count, { one: '1 Pull', other: `${shown} Pulls` }),
  artifactCount: (count, shown) => plural(count, { one: '1 Artefakt', other: `${shown} Artefakte` }),
  repositoryCount: (count, shown) => plural(count, { one: '1 Repository', other: `${shown} Repositorys` }),
  more: 'Es gibt mehr: Geben Sie mehr vom Namen ein.',
  kinds: 'Was gezeigt wird',
}

export const words = wordsOf({ en, de })
