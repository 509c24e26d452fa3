import { plural, wordsOf } from '../../i18n/language.ts'

const en = {
  title: 'Compare',
  before: 'Before',
  after: 'After',
  pick: 'A tag or a digest',
  swap: 'Swap the sides',
  choose: 'Choose two to compare',
  chooseHint: 'Type a tag or a digest on either side. The page then shows what differs between them.',
  platform: 'Platform',
  wholeIndex: 'the whole index',
  platforms: 'Platforms',
  size: 'Size',
  pushed: 'Pushed',
  digest: 'Digest',
  config: 'Config',
  annotations: 'Annotations',
  layers: 'Layers',
  same: 'Nothing differs here.',
  identical: 'Both are the same artifact',
  identicalHint: 'They have the same digest: every byte is the same.',
  kind: 'Kind',
  name: 'Name',
  kinds: {
    env: 'variable',
    label: 'label',
    port: 'port',
    volume: 'volume',
    setting: 'setting',
    annotation: 'annotation',
  } as Record<string, string>,
  added: (count: number, size: string) =>
    plural(count, { one: `One added, ${size}`, other: `${count} added, ${size}` }),
  removed: (count: number, size: string) =>
    plural(count, { one: `One removed, ${size}`, other: `${count} removed, ${size}` }),
  shared: (count: number, size: string) =>
    plural(count, { one: `One shared, ${size}`, other: `${count} shared, ${size}` }),
  onlyHere: 'only here',
  details: 'compare these parts',
  changed: 'changed',
  unchanged: 'the same',
  contents: 'Packages and vulnerabilities',
  contentsHint: 'Of images that were looked into: by an SBOM or a scan.',
  compareContents: 'Compare packages',
  came: (count: number) =>
    count === 0
      ? 'No new vulnerability'
      : plural(count, { one: 'One new vulnerability', other: `${count} new vulnerabilities` }),
  went: (count: number) =>
    count === 0
      ? 'No vulnerability is gone'
      : plural(count, { one: 'One vulnerability is gone', other: `${count} vulnerabilities are gone` }),
  packages: (count: number) =>
    count === 0
      ? 'No package differs'
      : plural(count, { one: 'One package differs', other: `${count} packages differ` }),
}

const de: typeof en = {
  title: 'Vergleich',
  before: 'Vorher',
  after: 'Nachher',
  pick: 'Ein Tag oder ein Digest',
  swap: 'Seiten tauschen',
  choose: 'Zwei zum Vergleichen auswählen',
  chooseHint: 'Auf jeder Seite ein Tag oder einen Digest eingeben. Dann steht hier, worin sie sich unterscheiden.',
  platform: 'Plattform',
  wholeIndex: 'der ganze Index',
  platforms: 'Plattformen',
  size: 'Größe',
  pushed: 'Gepusht',
  digest: 'Digest',
  config: 'Konfiguration',
  annotations: 'Annotationen',
  layers: 'Layer',
  same: 'Hier unterscheidet sich nichts.',
  identical: 'Beide sind dasselbe Artefakt',
  identicalHint: 'Sie haben denselben Digest: Jedes Byte ist gleich.',
  kind: 'Art',
  name: 'Name',
  kinds: {
    env: 'Variable',
    label: 'Label',
    port: 'Port',
    volume: 'Volume',
    setting: 'Einstellung',
    annotation: 'Annotation',
  },
  added: (count, size) =>
    plural(count, { one: `Einer hinzugekommen, ${size}`, other: `${count} hinzugekommen, ${size}` }),
  removed: (count, size) =>
    plural(count, { one: `Einer weggefallen, ${size}`, other: `${count} weggefallen, ${size}` }),
  shared: (count, size) => plural(count, { one: `Einer gemeinsam, ${size}`, other: `${count} gemeinsam, ${size}` }),
  onlyHere: 'nur hier',
  details: 'diese Teile vergleichen',
  changed: 'geändert',
  unchanged: 'gleich',
  contents: 'Pakete und Schwachstellen',
  contentsHint: 'Von Images, in die schon hineingesehen wurde: durch eine SBOM oder einen Scan.',
  compareContents: 'Pakete vergleichen',
  came: (count) =>
    count === 0
      ? 'Keine neue Schwachstelle'
      : plural(count, { one: 'Eine neue Schwachstelle', other: `${count} neue Schwachstellen` }),
  went: (count) =>
    count === 0
      ? 'Keine Schwachstelle ist weg'
      : plural(count, { one: 'Eine Schwachstelle ist weg', other: `${count} Schwachstellen sind weg` }),
  packages: (count) =>
    count === 0
      ? 'Kein Paket unterscheidet sich'
      : plural(count, { one: 'Ein Paket unterscheidet sich', other: `${count} Pakete unterscheiden sich` }),
}

export const words = wordsOf({ en, de })
