import { wordsOf } from './language.ts'

const en = {
  name: 'Name',
  secret: 'Secret',
  once: 'This is the only time that the secret is shown. Copy it now; a lost secret can be replaced by a new one.',
  use: 'Use it',
  tools: {
    docker: 'docker login',
    kubernetes: 'Kubernetes',
    github: 'GitHub Actions',
    gitlab: 'GitLab CI',
    api: 'API by curl',
  },
  done: 'I have copied it',
  expires: 'Expires',
  never: 'never',
  expired: 'expired',
  soon: 'soon',
  lastUsed: 'Last used',
  neverUsed: 'never',
  lastUse: 'Last used:',
}

const de: typeof en = {
  name: 'Name',
  secret: 'Geheimnis',
  once:
    'Das Geheimnis ist nur dieses eine Mal zu sehen: jetzt kopieren. Ein verlorenes lässt sich durch ein neues ' +
    'ersetzen.',
  use: 'Benutzen',
  tools: {
    docker: 'docker login',
    kubernetes: 'Kubernetes',
    github: 'GitHub Actions',
    gitlab: 'GitLab CI',
    api: 'API mit curl',
  },
  done: 'Ist kopiert',
  expires: 'Läuft ab',
  never: 'nie',
  expired: 'abgelaufen',
  soon: 'bald',
  lastUsed: 'Zuletzt benutzt',
  neverUsed: 'nie',
  lastUse: 'Zuletzt benutzt:',
}

/** Words about the secrets of robots and of personal tokens. */
export const secretWords = wordsOf({ en, de })
