import { wordsOf } from '../../i18n/language.ts'

const en = {
  look: 'See parked facts',
  parkedOf: (name: string) => `What ${name} has parked`,
  none: 'Nothing is parked.',
  fact: 'Fact',
  kind: 'What happened',
  at: 'When',
  trouble: 'Why it was refused',
  since: 'Parked',
  first: 'These are the first hundred.',
  replay: 'Replay facts',
  replayTitle: (name: string) => `Let ${name} read facts again?`,
  replayHint:
    'It reads every fact from this one on once more, as far as they are kept, and does again what follows from ' +
    'them: a reaction that sends, such as webhooks, sends again.',
  from: 'From the fact with this number',
  fromHint: 'The list of parked facts and the stream of events name facts by their number.',
  replayed: (name: string) => `${name} begins again from there.`,
}

const de: typeof en = {
  look: 'Geparktes ansehen',
  parkedOf: (name) => `Was ${name} geparkt hat`,
  none: 'Nichts ist geparkt.',
  fact: 'Ereignis',
  kind: 'Was geschah',
  at: 'Wann',
  trouble: 'Warum es abgelehnt wurde',
  since: 'Geparkt',
  first: 'Das sind die ersten hundert.',
  replay: 'Ereignisse wiederholen',
  replayTitle: (name) => `${name} Ereignisse noch einmal lesen lassen?`,
  replayHint:
    'Alle Ereignisse ab diesem werden noch einmal gelesen, soweit sie aufbewahrt sind, und was daraus folgt, ' +
    'geschieht noch einmal: eine Reaktion, die sendet, etwa Webhooks, sendet wieder.',
  from: 'Ab dem Ereignis mit dieser Nummer',
  fromHint: 'Die Liste des Geparkten und der Ereignisstrom nennen Ereignisse mit ihrer Nummer.',
  replayed: (name) => `${name} beginnt von dort.`,
}

export const factWords = wordsOf({ en, de })
