import { send } from '../../lib/api.ts'
import { forget, useApi } from '../../lib/query.ts'
import { CheckField, TextField } from '../../ui/form.tsx'
import { FormDialog } from '../../ui/form-dialog.tsx'
import { toast } from '../../ui/toasts.tsx'
import { audit, daysIn, numberIn, numbersOf, textIn, type Chore, type Numbers } from './chore.ts'
import { words } from './words.ts'

/** Asks with which parameters a run shall begin, and says what it will do. */
export function StartDialog({ chore, isDry, onClose }: { chore: Chore; isDry: boolean; onClose(): void }) {
  const isAudit = chore === audit
  const title = isAudit
    ? isDry
      ? words().purgeDryTitle
      : words().purgeTitle
    : isDry
      ? words().dryTitle
      : words().runTitle
  const hint = isAudit ? (isDry ? words().purgeDryHint : words().purgeHint) : isDry ? words().dryHint : words().runHint
  const schedule = useApi(chore.operations.getSchedule, {})
  if (!schedule.data && !schedule.error) return null
  return (
    <FormDialog
      title={title}
      action={isDry ? words().dryRun : isAudit ? words().purge : words().run}
      onClose={onClose}
      submit={async (values) => {
        const parameters = { ...chore.toParameters(values), dry_run: isDry }
        await send(chore.operations.createSchedule, { body: { schedule: { type: 'Manual' }, parameters } })
        forget(chore.path, '/jobservice')
        toast(words().started)
      }}
    >
      <p>{hint}</p>
      <ParameterFields chore={chore} now={numbersOf(schedule.data ?? {})} />
    </FormDialog>
  )
}

/** The fields of a chore's parameters. `now`: where they begin. */
export function ParameterFields({ chore, now }: { chore: Chore; now: Numbers }) {
  if (chore === audit) {
    return (
      <>
        <TextField
          name="days"
          type="number"
          label={words().keepDays}
          hint={words().keepDaysHint}
          value={String(now['audit_retention_hour'] === undefined ? 90 : daysIn(now))}
          min={1}
          max={10_000}
          isRequired
        />
        <TextField
          name="types"
          label={words().eventTypes}
          hint={words().eventTypesHint}
          value={textIn(now, 'include_event_types') || '*'}
          isRequired
        />
      </>
    )
  }
  return (
    <>
      <CheckField
        name="untagged"
        label={words().untagged}
        hint={words().untaggedHint}
        isOn={now['delete_untagged'] === true}
      />
      <TextField
        name="workers"
        type="number"
        label={words().workers}
        hint={words().workersHint}
        value={String(numberIn(now, 'workers') || 1)}
        min={1}
        max={10}
        isRequired
      />
    </>
  )
}
