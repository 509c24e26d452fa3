import { projectWords } from './project.ts'
import { wordsOf } from './language.ts'

/** The roles in a project by Harbor's ids, from the most to the least rights. */
export const roleIds = [1, 4, 2, 3, 5] as const

const en: Record<number, string> = {
  1: 'Everything: members, robots, rules, webhooks, settings, deletion',
  4: 'Push, pull and delete images; labels and rules',
  2: 'Push, pull, tag and label images',
  3: 'Pull images, see members and labels',
  5: 'Pull images, see nothing of the members',
}

const de: typeof en = {
  1: 'Alles: Mitglieder, Robots, Regeln, Webhooks, Einstellungen, Löschen',
  4: 'Images pushen, pullen und löschen; Labels und Regeln',
  2: 'Images pushen, pullen, taggen und mit Labels versehen',
  3: 'Images pullen, Mitglieder und Labels sehen',
  5: 'Images pullen, ohne die Mitglieder zu sehen',
}

const words = wordsOf({ en, de })

/** What a role is called, and what it may do; of an unknown id its number. */
export const roleOf = (id: number): { name: string; may: string } => ({
  name: projectWords().roles[id] ?? String(id),
  may: words()[id] ?? '',
})
