import { useState } from 'preact/hooks'
import { language } from '../i18n/language.ts'
import { system } from '../i18n/system.ts'
import { nextRun, rhythmOf, scheduleOf, type Rhythm } from '../lib/cron.ts'
import { SelectField } from './choices.tsx'
import { TextField, type FieldErrors, type Values } from './form.tsx'
import { TimeAgo } from './time.tsx'

/** The days of the week in the chosen language, from Sunday on. */
const daysOf = (): string[] =>
  Array.from({ length: 7 }, (_, day) =>
    new Intl.DateTimeFormat(language.value, { weekday: 'long', timeZone: 'UTC' }).format(Date.UTC(2024, 8, 1 + day)),
  )

/** A cron in words where there are some; else the cron itself. */
export function showCron(type: string | undefined, cron: string | undefined): string {
  const words = system()
  const rhythm = rhythmOf(type, cron)
  const [, minutes] = /^0 \*\/(\d+) \* \* \* \*$/.exec(cron ?? '') ?? []
  if (minutes !== undefined) return words.everyMinutes(Number(minutes))
  if (rhythm.kind === 'none') return words.never
  if (rhythm.kind === 'hourly') return words.everyHour
  if (rhythm.kind === 'daily') return words.everyDay(rhythm.time)
  return rhythm.kind === 'weekly' ? words.everyWeek(daysOf()[rhythm.day] ?? '', rhythm.time) : rhythm.cron
}

/** When a cron fires next. */
export function NextRun({ cron }: { cron: string }) {
  return <TimeAgo at={nextRun(cron)} />
}

type ScheduleProps = {
  /** How often it runs now. */
  type?: string | undefined
  cron?: string | undefined
  /** Left out where it has to have a schedule. */
  withNone?: boolean
}

/** Asks how often something shall run: fields `rhythm`, `day`, `time` and `cron` of a form. */
export function ScheduleFields({ type, cron, withNone = true }: ScheduleProps) {
  const now = rhythmOf(type, cron)
  const first = now.kind === 'none' && !withNone ? 'daily' : now.kind
  const [kind, setKind] = useState<Rhythm['kind']>(first)
  const words = system()
  const kinds = (['none', 'hourly', 'daily', 'weekly', 'cron'] as const).filter((one) => withNone || one !== 'none')
  return (
    <div class="side-fields">
      <SelectField
        name="rhythm"
        label={words.schedule}
        value={first}
        options={kinds.map((value) => ({ value, label: words.rhythm[value] }))}
        onPick={(one) => setKind(one)}
      />
      {kind === 'weekly' && (
        <SelectField
          name="day"
          label={words.dayOfWeek}
          value={String(now.kind === 'weekly' ? now.day : 0)}
          options={daysOf().map((label, day) => ({ value: String(day), label }))}
        />
      )}
      {(kind === 'daily' || kind === 'weekly') && (
        <TextField
          name="time"
          label={words.timeUtc}
          value={'time' in now ? now.time : '03:00'}
          placeholder="03:00"
          pattern="([01]?[0-9]|2[0-3]):[0-5][0-9]"
          isRequired
        />
      )}
      {kind === 'cron' && (
        <TextField name="cron" label={words.cron} hint={words.cronHint} value={cron ?? ''} isRequired maxLength={255} />
      )}
    </div>
  )
}

/** The schedule that the fields say. */
export function scheduleIn({ rhythm = 'none', day = '0', time = '00:00', cron = '' }: Values) {
  const kind = rhythm as Rhythm['kind']
  return scheduleOf({ kind, day: Number(day), time, cron })
}

/** What is wrong with them. */
export const checkSchedule = ({ rhythm, cron = '' }: Values): FieldErrors =>
  rhythm === 'cron' && cron !== '' && nextRun(cron.trim().replaceAll(/\s+/g, ' ')) === undefined
    ? { cron: system().cronBad }
    : {}
