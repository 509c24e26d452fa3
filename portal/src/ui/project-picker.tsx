import { listProjects } from '../../../api/projects.ts'
import { projectWords } from '../i18n/project.ts'
import { send } from '../lib/api.ts'
import { Button } from './button.tsx'
import { Combobox, type Option } from './combobox.tsx'

type PickerProps = { places: readonly string[]; onChange(places: string[]): void }

/** Chooses projects by their names, one after the other. */
export function ProjectPicker({ places, onChange }: PickerProps) {
  const words = projectWords()
  return (
    <div class="field">
      <Combobox
        label={words.addProject}
        placeholder={words.addProject}
        find={findProjects}
        clears
        onPick={({ value }) => !places.includes(value) && onChange([...places, value])}
      />
      <ul class="chips">
        {places.map((one) => (
          <li key={one}>
            {one}
            <Button
              tone="quiet"
              class="small"
              icon="close"
              aria-label={words.dropProject(one)}
              onClick={() => onChange(places.filter((other) => other !== one))}
            />
          </li>
        ))}
      </ul>
    </div>
  )
}

async function findProjects(text: string, signal: AbortSignal): Promise<Option[]> {
  const query = { page_size: 10, with_detail: false, ...(text === '' ? {} : { name: text }) }
  const { body } = await send(listProjects, { query }, { signal })
  return body.map(({ name }) => ({ value: name, label: name }))
}
