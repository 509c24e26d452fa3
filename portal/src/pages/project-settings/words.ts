import { wordsOf } from '../../i18n/language.ts'

const en = {
  access: 'Access',
  accessAbout: 'Who may see the project and pull from it without being a member.',
  private: 'Private',
  privateHint: 'Members and robots alone',
  public: 'Public',
  publicHint: 'Anybody may pull, without an account',
  publicWarning:
    'Everything in this project, also what is pushed later, can then be pulled by anybody who reaches this server.',
  privateWarning: 'From then on, pulls without an account, and pulls by accounts that are no members, are refused.',
  saved: 'The settings are saved.',
  quota: 'Storage',
  quotaAbout: 'Each layer counts once in a project, however many images hold it.',
  used: (used: string, limit: string) => `${used} of ${limit}`,
  usedNoLimit: (used: string) => `${used}, without a limit`,
  limit: 'Limit in GiB',
  limitHint: 'A push that goes beyond it is refused. Empty: no limit.',
  limitBad: 'Use a number above 0, or nothing.',
  limitBelow: (used: string) =>
    `The project holds ${used} already: below that, every push is refused until something is deleted.`,
  limitSaved: 'The limit is set.',
  onlyAdmins: 'System administrators set the limit.',
  security: 'Security',
  securityAbout:
    'What happens to an image when it is pushed, and which images may be pulled. A client whose ' +
    'pull is refused gets the reason in the answer.',
  prevent: 'Refuse pulls of vulnerable images',
  severity: 'From this severity on',
  severities: {
    none: 'none',
    negligible: 'negligible',
    low: 'low',
    medium: 'medium',
    high: 'high',
    critical: 'critical',
  },
  cosign: 'Refuse pulls of images without a cosign signature',
  notation: 'Refuse pulls of images without a notation signature',
  autoScan: 'Scan each image when it is pushed',
  autoSbom: 'Make an SBOM when an image is pushed',
  scanner: 'Scanner',
  scannerAbout:
    'It looks for vulnerabilities in the images of this project. Only its reports count: after a change, ' +
    'images need a scan.',
  noScanner: 'There is none: a system administrator registers scanners.',
  default: 'default',
  disabled: 'disabled',
  allowlist: 'CVE allowlist',
  until: 'The list ends on',
  untilHint:
    'From then on none of its entries counts. Empty: it does not end. A list of the project needs the line above off.',
  ended: 'The list has ended: none of its entries counts.',
  reuse: 'Use the allowlist of the system',
  cves: 'CVEs of this project',
  cvesHint: 'One in a line, such as CVE-2025-1234',
  templates: 'Templates of new projects',
  templatesAbout:
    'New projects whose names fit begin with this retention and these settings; of several that fit, the first counts.',
  noTemplates: 'None: new projects begin empty.',
  everyProject: 'every project',
  withRetention: 'a retention policy',
  danger: 'Delete the project',
  dangerAbout: 'An empty project can be deleted. Its members, robots, labels, rules and webhooks go with it.',
  deleteAction: 'Delete the project',
}

const de: typeof en = {
  access: 'Zugang',
  accessAbout: 'Wer das Projekt sehen und daraus pullen darf, ohne Mitglied zu sein.',
  private: 'Privat',
  privateHint: 'Nur Mitglieder und Robots',
  public: 'Öffentlich',
  publicHint: 'Alle dürfen pullen, auch ohne Konto',
  publicWarning:
    'Alles in diesem Projekt, auch was später gepusht wird, können dann alle pullen, die diesen Server erreichen.',
  privateWarning: 'Wer ohne Konto pullt oder mit einem, das kein Mitglied ist, wird von da an abgewiesen.',
  saved: 'Die Einstellungen sind gespeichert.',
  quota: 'Speicher',
  quotaAbout: 'Jede Schicht zählt in einem Projekt einmal, in wie vielen Images sie auch steckt.',
  used: (used, limit) => `${used} von ${limit}`,
  usedNoLimit: (used) => `${used}, ohne Grenze`,
  limit: 'Grenze in GiB',
  limitHint: 'Ein Push, der darüber hinausgeht, wird abgewiesen. Leer: keine Grenze.',
  limitBad: 'Eine Zahl über 0 oder nichts.',
  limitBelow: (used) =>
    `Das Projekt belegt schon ${used}: darunter wird jeder Push abgewiesen, bis etwas gelöscht ist.`,
  limitSaved: 'Die Grenze ist gesetzt.',
  onlyAdmins: 'Die Grenze setzen Systemadministratoren.',
  security: 'Sicherheit',
  securityAbout:
    'Was mit einem Image beim Push geschieht, und welche Images sich pullen lassen. Wem ein Pull verweigert ' +
    'wird, der ' +
    'liest den Grund in der Antwort.',
  prevent: 'Pulls verwundbarer Images abweisen',
  severity: 'Ab diesem Schweregrad',
  severities: {
    none: 'keiner',
    negligible: 'unerheblich',
    low: 'niedrig',
    medium: 'mittel',
    high: 'hoch',
    critical: 'kritisch',
  },
  cosign: 'Pulls von Images ohne cosign-Signatur abweisen',
  notation: 'Pulls von Images ohne notation-Signatur abweisen',
  autoScan: 'Jedes Image beim Push scannen',
  autoSbom: 'Beim Push eines Images eine SBOM erzeugen',
  scanner: 'Scanner',
  scannerAbout:
    'Er sucht in den Images dieses Projekts nach Schwachstellen. Nur seine Berichte zählen: nach einem Wechsel ' +
    'sind die ' +
    'Images neu zu prüfen.',
  noScanner: 'Es gibt keinen: Systemadministratoren registrieren Scanner.',
  default: 'Standard',
  disabled: 'abgeschaltet',
  allowlist: 'CVE-Ausnahmeliste',
  until: 'Die Liste endet am',
  untilHint:
    'Ab dann zählt keiner ihrer Einträge. Leer: sie endet nicht. Für eine Liste des Projekts muss die Zeile ' +
    'darüber aus sein.',
  ended: 'Die Liste ist abgelaufen: keiner ihrer Einträge zählt.',
  reuse: 'Die Ausnahmeliste des Systems verwenden',
  cves: 'CVEs dieses Projekts',
  cvesHint: 'Eine je Zeile, etwa CVE-2025-1234',
  templates: 'Vorlagen für neue Projekte',
  templatesAbout:
    'Neue Projekte mit passendem Namen beginnen mit diesen Aufbewahrungsregeln und Einstellungen; passen ' +
    'mehrere, gilt die erste.',
  noTemplates: 'Keine: neue Projekte beginnen leer.',
  everyProject: 'alle Projekte',
  withRetention: 'Aufbewahrungsregeln',
  danger: 'Projekt löschen',
  dangerAbout: 'Ein leeres Projekt lässt sich löschen. Mitglieder, Robots, Labels, Regeln und Webhooks gehen mit.',
  deleteAction: 'Projekt löschen',
}

export const words = wordsOf({ en, de })
