import { useState } from 'preact/hooks'
import { getScoreRules, updateScoreRules } from '../../../../api/scores.ts'
import { common } from '../../i18n/common.ts'
import { send } from '../../lib/api.ts'
import { forget, useApi } from '../../lib/query.ts'
import { canInSystem } from '../../lib/session.ts'
import { showShare } from '../../lib/show.ts'
import { SelectField } from '../../ui/choices.tsx'
import { Form, TextField, type Values } from '../../ui/form.tsx'
import { Link } from '../../ui/link.tsx'
import { PlainTable } from '../../ui/plain-table.tsx'
import { ErrorState } from '../../ui/problem.tsx'
import { toast } from '../../ui/toasts.tsx'
import { checkTiers, factorNames, factorsIn, tiersText, type Factors } from './score-factors.ts'
import { words } from './words.ts'

/** The rules by which repositories are scored. */
export function Scores() {
  const found = useApi(getScoreRules, {})
  if (found.error && !found.data) return <ErrorState error={found.error} onRetry={found.refresh} />
  if (!found.data) return <div class="page-loading" aria-busy="true" />
  const { preset, factors, lowest, highest, ties } = found.data
  return (
    <div class="settings">
      <p class="tab-about">
        {words().scoresAbout} <Link to="/storage/unused">{words().toUnused}</Link>
      </p>
      <RulesForm key={preset} preset={preset} factors={factors} />
      <PlainTable
        label={words().rules}
        rows={Object.entries(factors).filter(([, { weight }]) => weight > 0)}
        keyOf={([name]) => name}
        columns={[
          { name: 'factor', title: words().factor, cell: ([name]) => words().factors[name] ?? name },
          { name: 'weight', title: words().weight, isNumber: true, cell: ([, one]) => showShare(one.weight / 100) },
        ]}
      />
      <p class="quiet-text">
        {words().range(showShare(lowest / 100), showShare(highest / 100))} {words().ties(ties.length)}
      </p>
    </div>
  )
}

/** One of the presets, or factors of one's own; the answer says what is wrong with those. */
function RulesForm({ preset, factors }: { preset: string; factors: Factors }) {
  const [chosen, setChosen] = useState(preset)
  const save = async (values: Values) => {
    const { preset: asked } = values
    const isPreset = asked === 'default' || asked === 'few-tags'
    await send(updateScoreRules, { body: isPreset ? { preset: asked } : { factors: factorsIn(values) } })
    forget('/system/scores', '/repositories')
    toast(words().saved)
  }
  return (
    <Form
      {...(canInSystem('configuration', 'update') && { action: common().save })}
      check={(values) => checkTiers(values, words().tiersBad)}
      submit={save}
    >
      <SelectField
        name="preset"
        label={words().rules}
        value={preset}
        options={['default', 'few-tags', 'custom'].map((value) => ({ value, label: words().presets[value]! }))}
        onPick={setChosen}
      />
      {chosen === 'custom' && (
        <>
          <p class="quiet-text">{words().ownRules}</p>
          {factorNames.map((name) => (
            <FactorFields key={name} name={name} factor={factors[name]} />
          ))}
        </>
      )}
    </Form>
  )
}

function FactorFields({ name, factor }: { name: (typeof factorNames)[number]; factor: Factors[typeof name] }) {
  const title = words().factors[name] ?? name
  const percent = { type: 'number', min: 0, max: 100, isRequired: true } as const
  return (
    <fieldset class="factor-fields">
      <legend>{title}</legend>
      <div class="side-fields">
        <TextField {...percent} name={`${name}.weight`} label={words().weightPercent} value={String(factor.weight)} />
        <TextField {...percent} name={`${name}.beyond`} label={words().beyond} value={String(factor.beyond)} />
      </div>
      <TextField
        name={`${name}.tiers`}
        label={words().tiers}
        hint={words().tiersHint}
        rows={3}
        value={tiersText(factor)}
      />
    </fieldset>
  )
}
