import { plural, wordsOf } from './language.ts'

const en = {
  pullsByDay: 'Pulls by day',
  pullsOfMonth: 'Pulls in 30 days',
  signed: 'Signed',
  sbom: 'SBOM',
  attested: 'Attested',
  nydus: 'Nydus',
  more: (count: number) => `+${count}`,
  addTag: 'Add a tag',
  addTagTitle: (digest: string) => `Add a tag to ${digest}`,
  tagName: 'Tag',
  tagHint: 'Letters, digits, and _ . - ; at most 128, and a letter, a digit or _ first.',
  tagBad: 'This cannot be a tag: use letters, digits, and _ . - after the first.',
  tagAdded: (tag: string) => `The tag ${tag} is there.`,
  untag: 'Remove this tag',
  untagTitle: (tag: string) => `Remove the tag ${tag}?`,
  untagHint: 'The artifact stays, and can be pulled by its digest and its other tags. The trash brings the tag back.',
  untagAction: 'Remove the tag',
  untagged: (tag: string) => `The tag ${tag} is removed.`,
  immutable: 'A rule of the project makes this tag immutable.',
  labels: 'Labels',
  labelsTitle: (digest: string) => `Labels of ${digest}`,
  labelsEmpty: 'There is no label yet. Labels are made in the project, and by administrators for all projects.',
  copyTo: 'Copy to another repository',
  copyTitle: (name: string) => `Copy ${name}`,
  copyProject: 'To the project',
  copyRepository: 'To the repository',
  copyRepositoryHint: 'Without the project. It is made if it does not exist.',
  copyHint: 'Its parts and what belongs to it, such as signatures, are copied with it. No bytes are stored twice.',
  copyAction: 'Copy',
  copied: (place: string) => `Copied to ${place}.`,
  delete: 'Delete the artifact',
  deleteTitle: (digest: string) => `Delete ${digest}?`,
  deleteAction: 'Delete the artifact',
  deleteTags: (count: number, names: string) =>
    count === 0
      ? 'It has no tag.'
      : plural(count, { one: `Its tag goes with it: ${names}.`, other: `Its ${count} tags go with it: ${names}.` }),
  deleteParts: (count: number) =>
    plural(count, {
      one: 'Its one part goes as well, unless another index needs it.',
      other: `Its ${count} parts go as well, except those that another index needs.`,
    }),
  deleteBelonging: (count: number) =>
    plural(count, {
      one: 'What belongs to it, one signature, SBOM or the like, goes too.',
      other: `What belongs to it, ${count} signatures, SBOMs and the like, goes too.`,
    }),
  deleteBytes: (bytes: string) =>
    `Together they have ${bytes}; what nothing else needs is freed by the next collection.`,
  deleteTrash: 'Until the time for that is over, the trash of the project brings it back.',
  deleteNamed: (names: string) => `An index names it: ${names}. Delete the index first.`,
  deleted: (digest: string) => `${digest} is deleted.`,
  notYours: 'Your role in this project does not allow it.',
}

const de: typeof en = {
  pullsByDay: 'Pulls je Tag',
  pullsOfMonth: 'Pulls in 30 Tagen',
  signed: 'Signiert',
  sbom: 'SBOM',
  attested: 'Mit Attestation',
  nydus: 'Nydus',
  more: (count) => `+${count}`,
  addTag: 'Tag hinzufügen',
  addTagTitle: (digest) => `${digest} ein Tag geben`,
  tagName: 'Tag',
  tagHint: 'Buchstaben, Ziffern und _ . - ; höchstens 128, das erste Zeichen ein Buchstabe, eine Ziffer oder _.',
  tagBad: 'Das kann kein Tag sein: Buchstaben, Ziffern und nach dem ersten Zeichen auch _ . - verwenden.',
  tagAdded: (tag) => `Das Tag ${tag} ist da.`,
  untag: 'Dieses Tag entfernen',
  untagTitle: (tag) => `Das Tag ${tag} entfernen?`,
  untagHint:
    'Das Artefakt bleibt und lässt sich über Digest und andere Tags pullen. Der Papierkorb holt das Tag zurück.',
  untagAction: 'Tag entfernen',
  untagged: (tag) => `Das Tag ${tag} ist entfernt.`,
  immutable: 'Eine Regel des Projekts macht dieses Tag unveränderlich.',
  labels: 'Labels',
  labelsTitle: (digest) => `Labels von ${digest}`,
  labelsEmpty: 'Es gibt noch kein Label. Labels entstehen im Projekt, für alle Projekte legt sie die Verwaltung an.',
  copyTo: 'In ein anderes Repository kopieren',
  copyTitle: (name) => `${name} kopieren`,
  copyProject: 'In das Projekt',
  copyRepository: 'In das Repository',
  copyRepositoryHint: 'Ohne das Projekt. Es wird angelegt, wenn es noch fehlt.',
  copyHint: 'Teile und Zugehöriges wie Signaturen werden mitkopiert. Kein Byte wird doppelt gespeichert.',
  copyAction: 'Kopieren',
  copied: (place) => `Nach ${place} kopiert.`,
  delete: 'Artefakt löschen',
  deleteTitle: (digest) => `${digest} löschen?`,
  deleteAction: 'Artefakt löschen',
  deleteTags: (count, names) =>
    count === 0
      ? 'Es hat kein Tag.'
      : plural(count, { one: `Sein Tag geht mit: ${names}.`, other: `Seine ${count} Tags gehen mit: ${names}.` }),
  deleteParts: (count) =>
    plural(count, {
      one: 'Auch sein einziger Teil geht, wenn ihn kein anderer Index braucht.',
      other: `Auch seine ${count} Teile gehen, außer denen, die ein anderer Index braucht.`,
    }),
  deleteBelonging: (count) =>
    plural(count, {
      one: 'Auch Zugehöriges geht: eine Signatur, SBOM oder Ähnliches.',
      other: `Auch Zugehöriges geht: ${count} Signaturen, SBOMs und Ähnliches.`,
    }),
  deleteBytes: (bytes) =>
    `Zusammen sind es ${bytes}; was sonst niemand braucht, gibt die nächste Speicherbereinigung frei.`,
  deleteTrash: 'Solange die Frist läuft, holt der Papierkorb des Projekts es zurück.',
  deleteNamed: (names) => `Ein Index nennt es: ${names}. Löschen Sie zuerst den Index.`,
  deleted: (digest) => `${digest} ist gelöscht.`,
  notYours: 'Ihre Rolle in diesem Projekt erlaubt das nicht.',
}

/** Words around artifacts and what can be done with one. */
export const artifactWords = wordsOf({ en, de })
