import { plural, wordsOf } from '../../i18n/language.ts'

const en = {
  title: 'Security',
  about: 'What the default scanner has found in all images.',
  total: 'Vulnerabilities',
  fixable: 'With a fix',
  scanned: 'Images scanned',
  ofImages: (scanned: string, all: string) => `${scanned} of ${all}`,
  notScanned: (count: number) =>
    plural(count, {
      one: 'One image was never scanned: nothing is known of it.',
      other: `${count} images were never scanned: nothing is known of them.`,
    }),
  scanAll: 'Scan all images',
  worstCves: 'The worst vulnerabilities',
  worstArtifacts: 'The worst images',
  image: 'Image',
  none: 'No vulnerability is known',
  noneHint: 'Either no image was scanned yet, or the scanner has found nothing in those that were.',
  toScanners: 'Scanners, and the scan of all images',
  list: 'All findings',
  cveFilter: 'Vulnerability, such as CVE-2026-1234',
  packageFilter: 'Package, its whole name',
  repositoryFilter: 'Repository with its project',
  anyScore: 'Any score',
  score: 'Score',
  scores: { '9~10': '9 and above', '7~10': '7 and above', '4~10': '4 and above' },
  status: 'State',
}

const de: typeof en = {
  title: 'Sicherheit',
  about: 'Was der Standard-Scanner in allen Images gefunden hat.',
  total: 'Schwachstellen',
  fixable: 'Behebbar',
  scanned: 'Gescannte Images',
  ofImages: (scanned, all) => `${scanned} von ${all}`,
  notScanned: (count) =>
    plural(count, {
      one: 'Ein Image wurde nie gescannt: Über dieses ist nichts bekannt.',
      other: `${count} Images wurden nie gescannt: Über diese ist nichts bekannt.`,
    }),
  scanAll: 'Alle Images scannen',
  worstCves: 'Die schlimmsten Schwachstellen',
  worstArtifacts: 'Die schlimmsten Images',
  image: 'Image',
  none: 'Keine Schwachstelle bekannt',
  noneHint: 'Entweder wurde noch kein Image gescannt, oder der Scanner hat in den gescannten nichts gefunden.',
  toScanners: 'Scanner und der Scan aller Images',
  list: 'Alle Funde',
  cveFilter: 'Schwachstelle, etwa CVE-2026-1234',
  packageFilter: 'Paket, der ganze Name',
  repositoryFilter: 'Repository mit Projekt',
  anyScore: 'Jeder Wert',
  score: 'Wert',
  scores: { '9~10': 'ab 9', '7~10': 'ab 7', '4~10': 'ab 4' },
  status: 'Zustand',
}

export const words = wordsOf({ en, de })
