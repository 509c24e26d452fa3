import { wordsOf } from './language.ts'

const en = {
  show: 'Push an image',
  title: (place: string) => `Push to ${place}`,
  hint: 'Sign in once, give a local image its new name, and push it. Podman and nerdctl take the same words.',
  docker: 'Docker',
  chart: 'Helm chart',
  oras: 'Any file',
}

const de: typeof en = {
  show: 'Image pushen',
  title: (place) => `Nach ${place} pushen`,
  hint: 'Anmelden, dem lokalen Image den neuen Namen geben und pushen. Podman und nerdctl nehmen dieselben Worte.',
  docker: 'Docker',
  chart: 'Helm-Chart',
  oras: 'Beliebige Datei',
}

/** Words around the commands that push. */
export const pushWords = wordsOf({ en, de })
