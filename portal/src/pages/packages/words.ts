import { wordsOf } from '../../i18n/language.ts'

const en = {
  title: 'Packages',
  about: 'Which images hold a package, in every repository that you may read.',
  name: 'Package, its whole name',
  version: 'Version, or a range',
  versionHint: 'Exactly one version, or a range such as >=2.0,<2.17.1',
  kind: 'Kind, such as npm',
  cve: 'Vulnerability, such as CVE-2021-44228',
  package: 'Package',
  image: 'Image',
  pushed: 'Pushed',
  vulnerabilities: 'Vulnerabilities',
  noneKnown: 'none known',
  begin: 'Say what to look for',
  beginHint:
    'A name, such as openssl or log4j-core; or a vulnerability. Images are found once they were looked into ' +
    'for an SBOM or scanned.',
  none: 'No image holds it',
  noneHint: 'Images that were never looked into are not searched: make their SBOM, or scan all images.',
  more: (count: string) => `+${count}`,
}

const de: typeof en = {
  title: 'Pakete',
  about: 'Welche Images ein Paket enthalten, in jedem Repository, das Sie lesen dürfen.',
  name: 'Paket, der ganze Name',
  version: 'Version oder Bereich',
  versionHint: 'Genau eine Version oder ein Bereich wie >=2.0,<2.17.1',
  kind: 'Art, etwa npm',
  cve: 'Schwachstelle, etwa CVE-2021-44228',
  package: 'Paket',
  image: 'Image',
  pushed: 'Gepusht',
  vulnerabilities: 'Schwachstellen',
  noneKnown: 'keine bekannt',
  begin: 'Was wird gesucht?',
  beginHint:
    'Ein Name wie openssl oder log4j-core, oder eine Schwachstelle. Images werden gefunden, sobald sie für ' +
    'eine SBOM oder bei einem Scan untersucht wurden.',
  none: 'Kein Image enthält es',
  noneHint: 'Images, die nie untersucht wurden, werden nicht durchsucht: ihre SBOM erstellen oder alle Images scannen.',
  more: (count) => `+${count}`,
}

export const words = wordsOf({ en, de })
