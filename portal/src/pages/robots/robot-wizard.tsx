import { useState } from 'preact/hooks'
import { createRobot, updateRobot } from '../../../../api/robots.ts'
import { common } from '../../i18n/common.ts'
import { useAction } from '../../lib/action.ts'
import { ApiError, send } from '../../lib/api.ts'
import { Button } from '../../ui/button.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { Problem } from '../../ui/problem.tsx'
import { Steps } from '../../ui/steps.tsx'
import { toast } from '../../ui/toasts.tsx'
import { blocksOf, draftOf, presets, purposeOf, shortName, type Draft, type Purpose } from '../../lib/permissions.ts'
import { placesInWords, refusalsInWords, rightsInWords } from '../../lib/right-words.ts'
import { forgetRobots, type Answers, type Owner, type Robot, type Secret } from './robot.ts'
import { LifetimeStep, PlaceStep, PurposeStep } from './wizard-steps.tsx'
import { words } from './words.ts'

type WizardProps = {
  owner: Owner
  purpose: Purpose
  /** A robot to change; its name stays. */
  robot?: Robot
  onClose(): void
  onMade(secret: Secret): void
}

const nameRule = /^[a-z0-9]+(?:[._-][a-z0-9]+)*$/

/** Asks what a robot is for, where and for how long, and says in words what it will be able to do. */
export function RobotWizard({ owner, purpose, robot, onClose, onMade }: WizardProps) {
  const [answers, setAnswers] = useState(() => begin(owner, purpose, robot))
  const [step, setStep] = useState(0)
  const [isAsked, setAsked] = useState(false)
  const saving = useAction(() => save(answers, owner, robot, onMade))
  const problem = problemOf(step, answers, robot)
  const change = (part: Partial<Answers>) => {
    setAnswers({ ...answers, ...part })
    saving.clear()
  }
  const next = async () => {
    setAsked(problem !== undefined)
    if (problem !== undefined) return
    if (step < 2) setStep(step + 1)
    else if (await saving.run()) onClose()
  }
  const view = { owner, robot, answers, change, problem: isAsked ? problem : undefined }
  return (
    <Dialog
      title={robot ? words().editTitle(shortName(robot.name)) : words().add}
      shape="wide"
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>{common().cancel}</Button>
          {step > 0 && <Button onClick={() => setStep(step - 1)}>{words().back}</Button>}
          <Button tone="main" isBusy={saving.isRunning} onClick={() => void next()}>
            {step < 2 ? words().next : robot ? common().save : common().create}
          </Button>
        </>
      }
    >
      <WizardSteps step={step} />
      <form
        class="form"
        onSubmit={(event) => {
          event.preventDefault()
          void next()
        }}
      >
        {step === 0 && <PurposeStep {...view} />}
        {step === 1 && <PlaceStep {...view} />}
        {step === 2 && <LifetimeStep {...view} />}
        <button type="submit" hidden />
      </form>
      <Preview draft={answers.draft} />
      {saving.error && <Problem error={explain(saving.error, answers.name)} />}
    </Dialog>
  )
}

function WizardSteps({ step }: { step: number }) {
  const names = [words().steps.purpose, words().steps.where, words().steps.until]
  return <Steps names={names} current={step} label={words().stepOf(step + 1, names.length)} />
}

function begin(owner: Owner, purpose: Purpose, robot: Robot | undefined): Answers {
  const known = robot && draftOf(robot.permissions)
  const places = owner ? [owner.name] : ['*']
  const draft = known ?? { places, rights: purpose === 'custom' ? [] : presets[purpose], systemRights: [] }
  return {
    purpose: robot ? (draft.systemRights.length > 0 ? 'custom' : purposeOf(draft.rights)) : purpose,
    draft,
    name: robot ? shortName(robot.name) : '',
    everywhere: draft.places.includes('*') || draft.places.length === 0,
    days: robot ? undefined : 90,
    description: robot?.description ?? '',
  }
}

/** What is missing in a step. */
function problemOf(step: number, { draft, name, days }: Answers, robot: Robot | undefined): string | undefined {
  if (step === 0 && draft.rights.length + draft.systemRights.length === 0) return words().noRights
  if (step === 1 && !robot && !nameRule.test(name)) return words().nameBad
  if (step === 1 && draft.rights.length > 0 && draft.places.length === 0) return words().noPlace
  const isDays = days === undefined || days === -1 || (Number.isInteger(days) && days >= 1 && days <= 36_500)
  return step === 2 && !isDays ? words().daysBad : undefined
}

async function save(answers: Answers, owner: Owner, robot: Robot | undefined, onMade: (secret: Secret) => void) {
  const { draft, name, days, description } = answers
  const level = owner ? 'project' : 'system'
  // Rights that differ between projects cannot be shown here, and stay.
  const permissions = robot && !draftOf(robot.permissions) ? robot.permissions : blocksOf(draft)
  if (robot) {
    const body = { name: robot.name, level, description, permissions, disable: robot.disable }
    const duration = days === undefined ? {} : { duration: days }
    await send(updateRobot, { params: { robot_id: robot.id }, body: { ...body, ...duration } })
    toast(words().saved(robot.name))
  } else {
    const body = { name, level, description, permissions, duration: days ?? 90, disable: false }
    const { body: made } = await send(createRobot, { body })
    onMade({ title: words().made(name), name: made.name, secret: made.secret, project: draft.places[0] })
  }
  forgetRobots()
}

const explain = (error: ApiError, name: string): ApiError =>
  error.status === 409 ? new ApiError(409, error.code, words().nameTaken(name), error.requestId) : error

/** The sum of all answers, in words. */
function Preview({ draft }: { draft: Draft }) {
  const all = [...draft.rights, ...draft.systemRights]
  const place = placesInWords(draft)
  const refusals = refusalsInWords(all)
  return (
    <div role="status">
      <dl class="robot-preview">
        <dt>{words().may}</dt>
        <dd>{all.length === 0 ? '–' : rightsInWords(all)}</dd>
        {place !== '' && (
          <>
            <dt>{words().in}</dt>
            <dd>{place}</dd>
          </>
        )}
        {refusals !== '' && (
          <>
            <dt>{words().mayNot}</dt>
            <dd>{refusals}</dd>
          </>
        )}
      </dl>
    </div>
  )
}
