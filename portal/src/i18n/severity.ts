import { wordsOf } from './language.ts'

const en = {
  severity: 'Severity',
  any: 'Any severity',
  names: {
    Critical: 'critical',
    High: 'high',
    Medium: 'medium',
    Low: 'low',
    Negligible: 'negligible',
    None: 'none',
    Unknown: 'unknown',
  } as Record<string, string>,
  counts: 'Vulnerabilities by severity',
  cve: 'Vulnerability',
  package: 'Package',
  version: 'Version',
  fixed: 'Fixed in',
  noFix: 'no fix yet',
  score: 'CVSS',
  more: 'More about it',
}

const de: typeof en = {
  severity: 'Schweregrad',
  any: 'Jeder Schweregrad',
  names: {
    Critical: 'kritisch',
    High: 'hoch',
    Medium: 'mittel',
    Low: 'niedrig',
    Negligible: 'unerheblich',
    None: 'keine',
    Unknown: 'unbekannt',
  },
  counts: 'Schwachstellen nach Schweregrad',
  cve: 'Schwachstelle',
  package: 'Paket',
  version: 'Version',
  fixed: 'Behoben in',
  noFix: 'noch nicht behoben',
  score: 'CVSS',
  more: 'Mehr dazu',
}

/** Words of vulnerabilities and how severe they are. */
export const severityWords = wordsOf({ en, de })
