import { createImmutableRule, updateImmutableRule } from '../../../../api/immutability.ts'
import { common } from '../../i18n/common.ts'
import { ApiError, send } from '../../lib/api.ts'
import { SelectField } from '../../ui/choices.tsx'
import { FormDialog } from '../../ui/form-dialog.tsx'
import { TextField, type Values } from '../../ui/form.tsx'
import { toast } from '../../ui/toasts.tsx'
import { forgetImmutable } from './immutable.ts'
import type { ImmutableRule } from './sentences.ts'
import { words } from './words.ts'

type EditProps = { project: string; rule?: ImmutableRule; onClose(): void }

/** Which tags of which repositories stay as they are. */
export function EditImmutable({ project, rule, onClose }: EditProps) {
  const [tag, repository] = [rule?.tag_selectors[0], rule?.scope_selectors['repository']?.[0]]
  const modes = [
    { value: 'matches', label: words().matching },
    { value: 'excludes', label: words().excluding },
  ]
  return (
    <FormDialog
      title={rule ? words().editImmutable : words().addImmutable}
      action={rule ? common().save : common().create}
      onClose={onClose}
      submit={(values) => save(project, rule, values)}
      fieldOf={({ status }) => (status === 400 || status === 409 ? 'tags' : undefined)}
    >
      <TextField
        name="tags"
        label={words().tags}
        hint={words().tagsHint}
        value={tag?.pattern ?? 'v*'}
        isRequired
        autofocus
      />
      <SelectField
        name="tagMode"
        label={`${words().tags}: ${words().mode}`}
        value={tag?.decoration ?? 'matches'}
        options={modes}
      />
      <TextField
        name="repositories"
        label={words().repositories}
        hint={words().repositoriesHint}
        value={repository?.pattern ?? '**'}
        isRequired
      />
      <SelectField
        name="repositoryMode"
        label={`${words().repositories}: ${words().mode}`}
        value={repository?.decoration === 'repoExcludes' ? 'excludes' : 'matches'}
        options={modes}
      />
    </FormDialog>
  )
}

async function save(project: string, rule: ImmutableRule | undefined, values: Values): Promise<void> {
  const { tags = '', repositories = '', tagMode = 'matches', repositoryMode = 'matches' } = values
  const body = {
    ...rule,
    tag_selectors: [{ kind: 'doublestar', decoration: tagMode, pattern: tags.trim() }],
    scope_selectors: {
      repository: [
        {
          kind: 'doublestar',
          decoration: repositoryMode === 'excludes' ? 'repoExcludes' : 'repoMatches',
          pattern: repositories.trim(),
        },
      ],
    },
  }
  const params = { project_name_or_id: project }
  try {
    if (rule) await send(updateImmutableRule, { params: { ...params, immutable_rule_id: rule.id }, body })
    else await send(createImmutableRule, { params, body })
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 409) throw error
    throw new ApiError(409, error.code, words().ruleTaken, error.requestId)
  }
  forgetImmutable(project)
  toast(words().ruleSaved)
}
