import type { ComponentChildren } from 'preact'
import { useId } from 'preact/hooks'
import { Button } from '../../ui/button.tsx'
import { Select } from '../../ui/select.tsx'
import { dayFields, ruleOf, type RuleDraft } from './rule-draft.ts'
import { ruleSentence } from './sentences.ts'
import { words } from './words.ts'

type FieldsProps = {
  number: number
  draft: RuleDraft
  onChange(part: Partial<RuleDraft>): void
  onMove(step: -1 | 1): void
  onDrop(): void
}

/** One rule of a policy: what it does, with which tags, under which conditions. Its sentence stands on top. */
export function RuleFields(props: FieldsProps) {
  const { number, draft, onChange } = props
  return (
    <fieldset class="rule-fields">
      <legend>{words().rule(number)}</legend>
      <p class="rule-sentence" role="status">
        {ruleSentence(ruleOf(draft))}
      </p>
      <ChoiceFields draft={draft} onChange={onChange} />
      <NewestFields draft={draft} onChange={onChange} />
      <ConditionFields draft={draft} onChange={onChange} />
      <RuleFoot {...props} />
    </fieldset>
  )
}

type PartProps = Pick<FieldsProps, 'draft' | 'onChange'>

/** What it does, and with which tags of which repositories. */
function ChoiceFields({ draft, onChange }: PartProps) {
  return (
    <>
      <div class="two-fields">
        <Labelled label={words().action}>
          {(id) => (
            <Select
              id={id}
              value={draft.action}
              options={[
                { value: 'keep', label: words().keep },
                { value: 'delete', label: words().delete },
              ]}
              onPick={(action) => onChange({ action })}
            />
          )}
        </Labelled>
        <Text label={words().name} value={draft.name} onChange={(name) => onChange({ name })} />
      </div>
      <div class="two-fields">
        <Text
          label={words().tagPatterns}
          hint={words().tagPatternsHint}
          value={draft.tags}
          onChange={(tags) => onChange({ tags })}
        />
        <Text
          label={words().repositoryPatterns}
          hint={words().repositoryPatternsHint}
          value={draft.repositories}
          onChange={(repositories) => onChange({ repositories })}
        />
      </div>
      <PatternFields draft={draft} onChange={onChange} />
    </>
  )
}

/** What patterns of tags are, and whether they also choose artifacts without tags. */
function PatternFields({ draft, onChange }: PartProps) {
  return (
    <div class="two-fields">
      <Labelled label={words().patternKind}>
        {(id) => (
          <Select
            id={id}
            value={draft.kind}
            options={(['doublestar', 'regex'] as const).map((value) => ({
              value,
              label: words().patternKinds[value],
            }))}
            onPick={(kind) => onChange({ kind })}
          />
        )}
      </Labelled>
      <label class="row">
        <input
          type="checkbox"
          checked={draft.untagged}
          onChange={(event) => onChange({ untagged: event.currentTarget.checked })}
        />
        {words().alsoUntagged}
      </label>
    </div>
  )
}

/** Further conditions: times, labels, signature. */
function ConditionFields({ draft, onChange }: PartProps) {
  return (
    <>
      <div class="two-fields">
        {dayFields.map((name) => (
          <Text
            key={name}
            type="number"
            label={words().daysFields[name]}
            value={draft[name]}
            onChange={(days) => onChange({ [name]: days })}
          />
        ))}
      </div>
      <div class="two-fields">
        <Text
          label={words().labels}
          hint={words().labelsHint}
          value={draft.labels}
          onChange={(labels) => onChange({ labels })}
        />
        <Labelled label={words().signature}>
          {(id) => (
            <Select
              id={id}
              value={draft.signed}
              options={(['any', 'yes', 'no'] as const).map((value) => ({ value, label: words().signatures[value] }))}
              onPick={(signed) => onChange({ signed })}
            />
          )}
        </Labelled>
      </div>
    </>
  )
}

/** Whether it counts, its place among the rules, and its end. */
function RuleFoot({ number, draft, onChange, onMove, onDrop }: FieldsProps) {
  return (
    <div class="row">
      <label class="row">
        <input
          type="checkbox"
          checked={draft.isOff}
          onChange={(event) => onChange({ isOff: event.currentTarget.checked })}
        />
        {words().ruleIsOff}
      </label>
      <span class="spring" />
      <Button class="small" aria-label={`${words().up}: ${words().rule(number)}`} onClick={() => onMove(-1)}>
        {words().up}
      </Button>
      <Button class="small" aria-label={`${words().down}: ${words().rule(number)}`} onClick={() => onMove(1)}>
        {words().down}
      </Button>
      <Button class="small" icon="trash" aria-label={`${words().dropRule}: ${words().rule(number)}`} onClick={onDrop}>
        {words().dropRule}
      </Button>
    </div>
  )
}

function NewestFields({ draft, onChange }: PartProps) {
  const groups = (['repository', 'major', 'minor', 'pattern'] as const).map((value) => ({
    value,
    label: words().perNames[value],
  }))
  return (
    <div class="newest-fields">
      <Text type="number" label={words().newest} value={draft.count} onChange={(count) => onChange({ count })} />
      <Labelled label={words().by}>
        {(id) => (
          <Select
            id={id}
            value={draft.by}
            options={(['pushed', 'pulled', 'active', 'version'] as const).map((value) => ({
              value,
              label: words().byNames[value],
            }))}
            onPick={(by) => onChange({ by })}
          />
        )}
      </Labelled>
      <Labelled label={words().perName}>
        {(id) => <Select id={id} value={draft.per} options={groups} onPick={(per) => onChange({ per })} />}
      </Labelled>
      {draft.per === 'pattern' && (
        <Text
          label={words().group}
          hint={words().groupHint}
          value={draft.group}
          onChange={(group) => onChange({ group })}
        />
      )}
    </div>
  )
}

function Labelled({ label, children }: { label: string; children(id: string): ComponentChildren }) {
  const id = useId()
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {children(id)}
    </div>
  )
}

type TextProps = {
  label: string
  hint?: string
  value: string
  type?: 'text' | 'number'
  onChange(text: string): void
}

function Text({ label, hint, value, type = 'text', onChange }: TextProps) {
  const id = useId()
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input
        id={id}
        {...(type === 'number' ? { type, min: 0, max: 1_000_000 } : { type })}
        spellcheck={false}
        autocomplete="off"
        aria-describedby={hint === undefined ? undefined : `${id}-hint`}
        value={value}
        onInput={(event) => onChange(event.currentTarget.value)}
      />
      {hint !== undefined && (
        <p id={`${id}-hint`} class="hint">
          {hint}
        </p>
      )}
    </div>
  )
}
