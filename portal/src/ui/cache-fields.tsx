import { cacheWords } from '../i18n/cache.ts'
import { cacheFaults, cacheValuesOf, filterKinds, whenGoneChoices } from '../lib/cache-metadata.ts'
import { SelectField } from './choices.tsx'
import { CheckField, TextField, type FieldErrors, type Values } from './form.tsx'

/** What is wrong with the values of CacheFields. */
export function checkCache(values: Values): FieldErrors {
  const says = { fresh: cacheWords().freshBad, number: cacheWords().numberBad, budget: cacheWords().budgetBad }
  return Object.fromEntries(Object.entries(cacheFaults(values)).map(([name, fault]) => [name, says[fault]]))
}

/** How a project caches its registry, as fields of a form: what is fetched, how long it is fresh, what is kept. */
export function CacheFields({ metadata }: { metadata: Readonly<Record<string, string | undefined>> }) {
  const words = cacheWords()
  const values = cacheValuesOf(metadata)
  const any = { type: 'number', min: 0, step: 'any' } as const
  const whole = { ...any, step: '1' } as const
  return (
    <>
      <div class="two-fields">
        <TextField name="fresh" label={words.fresh} hint={words.freshHint} value={values.fresh} {...whole} />
        <TextField name="fixed" label={words.fixed} hint={words.fixedHint} value={values.fixed} maxLength={1024} />
        <TextField name="filter" label={words.filter} hint={words.filterHint} value={values.filter} maxLength={1024} />
        <SelectField
          name="filterKind"
          label={words.filterKind}
          value={values.filterKind}
          options={filterKinds.map((value) => ({ value, label: words.filterKinds[value] }))}
        />
        <TextField name="speed" label={words.speed} hint={words.noLimitHint} value={values.speed} {...whole} />
        <TextField
          name="connections"
          label={words.connections}
          hint={words.noLimitHint}
          value={values.connections}
          {...whole}
        />
        <TextField name="budget" label={words.budget} hint={words.budgetHint} value={values.budget} {...any} />
        <TextField
          name="unpulled"
          label={words.unpulled}
          hint={words.unpulledHint}
          value={values.unpulled}
          {...whole}
        />
      </div>
      <SelectField
        name="whenGone"
        label={words.whenGone}
        value={values.whenGone}
        options={whenGoneChoices.map((value) => ({ value, label: words.whenGoneChoices[value] }))}
      />
      <CheckField name="referrers" label={words.referrers} isOn={values.referrers} />
    </>
  )
}
