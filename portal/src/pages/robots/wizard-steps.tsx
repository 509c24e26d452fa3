import { useId } from 'preact/hooks'
import { presets, purposes, type Draft } from '../../lib/permissions.ts'
import { RadioCards } from '../../ui/choices.tsx'
import { ProjectPicker } from '../../ui/project-picker.tsx'
import { RightsTable } from '../../ui/rights-table.tsx'
import type { Answers, Owner, Robot } from './robot.ts'
import { words } from './words.ts'

type StepProps = {
  owner: Owner
  robot: Robot | undefined
  answers: Answers
  change(part: Partial<Answers>): void
  /** What is missing, once somebody wanted to go on. */
  problem: string | undefined
}

/** What it is for, or each right by itself. */
export function PurposeStep({ owner, answers: { purpose, draft }, change, problem }: StepProps) {
  const setDraft = (part: Partial<Draft>) => change({ draft: { ...draft, ...part } })
  return (
    <>
      <RadioCards
        name="purpose"
        label={words().purpose}
        value={purpose}
        options={purposes.map((one) => ({
          value: one,
          label: words().purposes[one].name,
          hint: words().purposes[one].hint,
        }))}
        onPick={(one) =>
          change({
            purpose: one,
            ...(one === 'custom' ? {} : { draft: { ...draft, rights: presets[one], systemRights: [] } }),
          })
        }
      />
      {purpose === 'custom' && (
        <>
          <RightsTable
            kind="project"
            label={words().inProjects}
            rights={draft.rights}
            onChange={(rights) => setDraft({ rights })}
          />
          {!owner && (
            <RightsTable
              kind="system"
              label={words().onSystem}
              rights={draft.systemRights}
              onChange={(systemRights) => setDraft({ systemRights })}
            />
          )}
        </>
      )}
      <StepProblem text={problem} />
    </>
  )
}

/** Its name, and the projects in which its rights hold. */
export function PlaceStep({ owner, robot, answers, change, problem }: StepProps) {
  const id = useId()
  const { name, draft, everywhere } = answers
  return (
    <>
      {!robot && (
        <div class="field">
          <label for={id}>{words().name}</label>
          <input
            id={id}
            autofocus
            maxLength={255}
            spellcheck={false}
            autocomplete="off"
            aria-describedby={`${id}-hint`}
            aria-invalid={problem !== undefined}
            value={name}
            onInput={(event) => change({ name: event.currentTarget.value })}
          />
          <p id={`${id}-hint`} class="hint">
            {words().nameHint}
          </p>
        </div>
      )}
      {owner && <p>{words().inProject(owner.name)}</p>}
      {!owner && draft.rights.length > 0 && (
        <>
          <RadioCards
            name="where"
            label={words().where}
            value={everywhere ? 'all' : 'chosen'}
            options={[
              { value: 'all', label: words().everywhere, hint: words().everywhereHint },
              { value: 'chosen', label: words().chosen, hint: words().chosenHint },
            ]}
            onPick={(where) =>
              change({ everywhere: where === 'all', draft: { ...draft, places: where === 'all' ? ['*'] : [] } })
            }
          />
          {!everywhere && (
            <ProjectPicker places={draft.places} onChange={(places) => change({ draft: { ...draft, places } })} />
          )}
        </>
      )}
      <StepProblem text={problem} />
    </>
  )
}

const lifetimes = [30, 90, 365] as const

/** Until when, and a note. */
export function LifetimeStep({ robot, answers: { days, description }, change, problem }: StepProps) {
  const id = useId()
  const isKnown = days === undefined || days === -1 || lifetimes.some((one) => one === days)
  const hint = robot ? { hint: words().fromCreation } : {}
  return (
    <>
      <RadioCards
        name="until"
        label={words().until}
        value={days === undefined ? 'keep' : isKnown ? String(days) : 'own'}
        options={[
          ...(robot ? [{ value: 'keep', label: words().keepUntil }] : []),
          ...lifetimes.map((one) => ({ value: String(one), label: words().days(one), ...hint })),
          { value: 'own', label: words().ownDays, ...hint },
          { value: '-1', label: words().forEver, hint: words().forEverHint },
        ]}
        onPick={(one) => change({ days: one === 'keep' ? undefined : one === 'own' ? 180 : Number(one) })}
      />
      {!isKnown && (
        <div class="field">
          <label for={`${id}-days`}>{words().daysField}</label>
          <input
            id={`${id}-days`}
            type="number"
            min={1}
            max={36_500}
            aria-invalid={problem !== undefined}
            value={String(days)}
            onInput={(event) => change({ days: Number(event.currentTarget.value) })}
          />
        </div>
      )}
      <div class="field">
        <label for={`${id}-note`}>{words().description}</label>
        <input
          id={`${id}-note`}
          maxLength={255}
          value={description}
          onInput={(event) => change({ description: event.currentTarget.value })}
        />
      </div>
      <StepProblem text={problem} />
    </>
  )
}

const StepProblem = ({ text }: { text: string | undefined }) =>
  text === undefined ? null : (
    <p class="field-error" role="alert">
      {text}
    </p>
  )
