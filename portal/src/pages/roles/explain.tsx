import type { AnswerOf } from '../../../../api/operation.ts'
import { getProjectAccess } from '../../../../api/roles.ts'
import { Badge } from '../../ui/badge.tsx'
import { EmptyState } from '../../ui/empty.tsx'
import { facetOf, SelectFacet, TextFacet } from '../../ui/facets.tsx'
import { DataGrid, type Column } from '../../ui/grid.tsx'
import { Icon } from '../../ui/icon.tsx'
import type { IconName } from '../../ui/icons.ts'
import { reasonText, rightName } from './reasons.ts'
import { words } from './words.ts'

type Entry = AnswerOf<typeof getProjectAccess>[number]

/** The actions that people ask about most; another one can be written into the address. */
const actions = [
  'repository:pull',
  'repository:push',
  'artifact:delete',
  'repository:delete',
  'tag:create',
  'tag:delete',
  'scan:create',
  'member:create',
  'robot:create',
  'tag-retention:update',
  'notification-policy:create',
  'project:update',
  'project:delete',
]

/** Kinds of callers who have a name, as the operation writes them. */
const named = ['user', 'group', 'robot', 'token'] as const

/** Answers who may do something in the project, and through what. */
export function Explain({ project }: { project: string }) {
  const [kind, name, repository, tag] = ['who', 'name', 'repository', 'tag'].map(facetOf) as [
    string,
    string,
    string,
    string,
  ]
  const who = kind === 'anonymous' ? kind : kind !== '' && name.trim() !== '' ? `${kind}:${name.trim()}` : undefined
  const action = facetOf('action') || (who === undefined ? 'repository:push' : undefined)
  const query = {
    ...(who === undefined ? {} : { who }),
    ...(action === undefined ? {} : { action }),
    ...(repository === '' ? {} : { repository }),
    ...(tag === '' ? {} : { tag }),
  }
  return (
    <>
      <p class="tab-about">{words().whoHintLong}</p>
      <DataGrid
        label={words().views.who}
        operation={getProjectAccess}
        call={{ params: { project_name_or_id: project }, query }}
        columns={columnsOf()}
        keyOf={(one) => `${one.entity_type} ${one.entity_id ?? ''} ${one.action} ${one.because[0]?.text ?? ''}`}
        nameOf={(one) => `${one.entity_name}, ${one.action}`}
        isFiltered
        facets={<Facets isOfSomebody={who !== undefined} kind={kind} />}
        empty={
          <EmptyState icon="lock" title={words().nobody}>
            {words().nobodyHint}
          </EmptyState>
        }
      />
    </>
  )
}

function Facets({ isOfSomebody, kind }: { isOfSomebody: boolean; kind: string }) {
  return (
    <>
      <SelectFacet
        name="action"
        label={words().action}
        any={isOfSomebody ? words().anyAction : rightName('repository:push')}
        options={actions.map((one) => ({ value: one, label: rightName(one) }))}
      />
      <SelectFacet
        name="who"
        label={words().who}
        any={words().everybody}
        options={[
          ...named.map((one) => ({ value: one, label: words().whoKinds[one] })),
          { value: 'anonymous', label: words().whoKinds.anonymous },
        ]}
      />
      {kind !== '' && kind !== 'anonymous' && <TextFacet name="name" label={words().nameOf} />}
      <TextFacet name="repository" label={words().repository} />
      <TextFacet name="tag" label={words().tag} />
    </>
  )
}

const icons: Record<string, IconName> = { u: 'user', g: 'users', r: 'robot', t: 'key', a: 'globe' }

function columnsOf(): Column<Entry>[] {
  return [
    {
      name: 'who',
      title: words().who,
      cell: (one) => (
        <span class="with-icon">
          <Icon name={icons[one.entity_type] ?? 'user'} />
          <strong class="name">{one.entity_name}</strong>
        </span>
      ),
    },
    { name: 'action', title: words().action, hideBelow: 'small', cell: (one) => rightName(one.action) },
    {
      name: 'allowed',
      title: words().may,
      cell: ({ allowed }) =>
        allowed ? <Badge tone="good">{words().allowed}</Badge> : <Badge tone="bad">{words().refused}</Badge>,
    },
    {
      name: 'because',
      title: words().because,
      cell: ({ because, protected_by: rules }) => (
        <ul class="reasons">
          {[...because, ...rules].map((reason) => (
            <li key={reason.text} class="wrap-text">
              {reasonText(reason)}
            </li>
          ))}
        </ul>
      ),
    },
  ]
}
