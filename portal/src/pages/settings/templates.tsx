import { useState } from 'preact/hooks'
import type { AnswerOf } from '../../../../api/operation.ts'
import {
  createProjectTemplate,
  deleteProjectTemplate,
  listProjectTemplates,
  updateProjectTemplate,
} from '../../../../api/project-templates.ts'
import { common } from '../../i18n/common.ts'
import { system } from '../../i18n/system.ts'
import { send } from '../../lib/api.ts'
import { forget } from '../../lib/query.ts'
import { canInSystem } from '../../lib/session.ts'
import { Button } from '../../ui/button.tsx'
import { Confirm } from '../../ui/confirm.tsx'
import { EmptyState } from '../../ui/empty.tsx'
import { CheckField, TextField, type FieldErrors, type Values } from '../../ui/form.tsx'
import { FormDialog } from '../../ui/form-dialog.tsx'
import { DataGrid, type Column } from '../../ui/grid.tsx'
import { toast } from '../../ui/toasts.tsx'
import { words } from './words.ts'

type Template = AnswerOf<typeof listProjectTemplates>[number]
type Asked = { what: 'edit' | 'delete'; template: Template } | { what: 'add' } | undefined

/** What new projects begin with. */
export function Templates() {
  const [asked, setAsked] = useState<Asked>(undefined)
  const close = () => setAsked(undefined)
  const disabledBecause = canInSystem('configuration', 'update') ? undefined : words().mayNot
  const add = (
    <Button tone="main" icon="add" disabledBecause={disabledBecause} onClick={() => setAsked({ what: 'add' })}>
      {words().newTemplate}
    </Button>
  )
  return (
    <>
      <p class="tab-about">{words().templatesAbout}</p>
      <DataGrid
        label={words().parts.templates}
        operation={listProjectTemplates}
        columns={columnsOf()}
        keyOf={(one) => one.id!}
        nameOf={(one) => one.name}
        facets={add}
        rowActions={(template) => [
          {
            label: system().edit,
            icon: 'edit',
            disabledBecause,
            run: () => setAsked({ what: 'edit', template }),
          },
          {
            label: common().delete,
            icon: 'trash',
            isDanger: true,
            disabledBecause,
            run: () => setAsked({ what: 'delete', template }),
          },
        ]}
        empty={
          <EmptyState icon="file" title={words().noTemplate}>
            {words().noTemplateHint}
          </EmptyState>
        }
      />
      {asked?.what === 'add' && <Editor onClose={close} />}
      {asked?.what === 'edit' && <Editor template={asked.template} onClose={close} />}
      {asked?.what === 'delete' && <DeleteTemplate template={asked.template} onClose={close} />}
    </>
  )
}

function DeleteTemplate({ template: { id, name }, onClose }: { template: Template; onClose(): void }) {
  return (
    <Confirm
      title={words().deleteTemplate(name)}
      action={common().delete}
      onClose={onClose}
      run={async () => {
        await send(deleteProjectTemplate, { params: { template_id: id! } })
        forget('/system/project-templates')
        toast(words().templateGone(name))
      }}
    >
      <p>{words().deleteTemplateHint}</p>
    </Confirm>
  )
}

const patternsOf = ({ projects = [] }: Template): string =>
  projects.map(({ pattern, excludes }) => `${excludes ? '!' : ''}${pattern}`).join(', ')

const rulesOf = ({ retention }: Template): number =>
  (retention?.ordered_rules?.length ?? 0) + (retention?.rules?.length ?? 0)

function columnsOf(): Column<Template>[] {
  return [
    { name: 'name', title: words().template, cell: ({ name }) => <span class="name">{name}</span> },
    {
      name: 'projects',
      title: words().projects,
      cell: (one) => <code class="wrap-text">{patternsOf(one) || words().allProjects}</code>,
    },
    { name: 'gives', title: words().gives, cell: giftsOf },
  ]
}

/** What a template gives, in one line. */
function giftsOf(template: Template): string {
  const rules = rulesOf(template)
  return [
    ...Object.entries(template.metadata ?? {}).map(([name, value]) => {
      const label = words().metadata[name] ?? name
      return value === 'true' ? label : `${label}: ${value}`
    }),
    ...(rules > 0 ? [words().retention(rules)] : []),
  ].join(' · ')
}

/** How many of the newest a template's own simple rules keep; undefined for other rules. */
function keptOf({ retention }: Template): number | undefined {
  const [first, second, ...more] = retention?.ordered_rules ?? []
  const isSimple = first?.action === 'keep' && second?.action === 'delete' && more.length === 0
  return isSimple && first.newest?.by === 'pushed' ? first.newest.count : undefined
}

function Editor({ template, onClose }: { template?: Template; onClose(): void }) {
  const kept = template && keptOf(template)
  const hasOwnRules = template !== undefined && rulesOf(template) > 0 && kept === undefined
  return (
    <FormDialog
      title={template ? words().editTemplate(template.name) : words().newTemplate}
      action={template ? common().save : common().create}
      onClose={onClose}
      check={check}
      fieldOf={({ status }) => (status === 409 ? 'name' : undefined)}
      submit={(values) => save(templateIn(values, template, hasOwnRules), template?.id)}
    >
      <TextField
        name="name"
        label={words().templateName}
        value={template?.name ?? ''}
        maxLength={128}
        isRequired
        autofocus
      />
      <TextField
        name="patterns"
        label={words().patterns}
        hint={words().patternsHint}
        value={template ? patternsOf(template) : ''}
        placeholder="team-*"
      />
      {hasOwnRules ? (
        <p class="note info">{words().keptRetention}</p>
      ) : (
        <TextField
          name="keep"
          label={words().keepNewest}
          hint={words().keepNewestHint}
          type="number"
          min={1}
          value={kept === undefined ? '' : String(kept)}
        />
      )}
      <CheckField
        name="public"
        label={words().isPublic}
        hint={words().isPublicHint}
        isOn={template?.metadata?.['public'] === 'true'}
      />
    </FormDialog>
  )
}

async function save(body: Template, id: number | undefined): Promise<void> {
  if (id === undefined) await send(createProjectTemplate, { body })
  else await send(updateProjectTemplate, { params: { template_id: id }, body })
  forget('/system/project-templates')
  toast(words().templateSaved(body.name))
}

const check = ({ keep = '' }: Values): FieldErrors => (/^\d*$/.test(keep) ? {} : { keep: words().keepBad })

/** Every night, in UTC. */
const nightly = { kind: 'Schedule', settings: { cron: '0 0 3 * * *' } }

function templateIn(
  { name = '', patterns = '', keep = '', public: isPublic }: Values,
  now: Template | undefined,
  hasOwnRules: boolean,
): Template {
  const chosen = splitPatterns(patterns).map((one) =>
    one.startsWith('!') ? { pattern: one.slice(1), excludes: true } : { pattern: one },
  )
  const { public: _old, ...metadata } = now?.metadata ?? {}
  const retention = hasOwnRules
    ? now?.retention
    : keep === ''
      ? undefined
      : {
          algorithm: 'ordered',
          ordered_rules: [
            { action: 'keep', newest: { count: Number(keep), by: 'pushed', per: 'repository' } },
            { action: 'delete' },
          ],
          trigger: nightly,
        }
  return {
    name: name.trim(),
    projects: chosen,
    metadata: { ...metadata, ...(isPublic === 'on' && { public: 'true' }) },
    ...(retention && { retention: retention as NonNullable<Template['retention']> }),
  }
}

/** Splits at commas outside of braces, which belong to a pattern. */
const splitPatterns = (text: string): string[] =>
  text
    .split(/,(?![^{]*\})/)
    .map((one) => one.trim())
    .filter(Boolean)
