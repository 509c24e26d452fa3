/** Harbor's filter, checked: `label` has a list of names, the others one text; an empty text takes everything. */
export type Filter =
  | { type: 'name' | 'resource'; value: string }
  | { type: 'tag'; value: string; decoration: 'matches' | 'excludes' | '' }
  | { type: 'label'; value: string[]; decoration: 'matches' | 'excludes' | '' }

export type Trigger = 'manual' | 'scheduled' | 'event_based'

/** A policy as a client gives it. */
export type NewPolicy = {
  name: string
  description: string
  /** `push`: from Marina to the endpoint; `pull`: from the endpoint to Marina. */
  direction: 'push' | 'pull'
  endpointId: number
  filters: Filter[]
  /** Null: made without one, which means manual. */
  trigger: Trigger | null
  /** Of a scheduled policy; '' otherwise. */
  cron: string
  overrides: boolean
  deletes: boolean
  isEnabled: boolean
  /** KB/s of each task; 0 for no limit. */
  speed: number
  copiesByChunk: boolean
  isSingle: boolean
  naming: Naming
  /** `os/architecture[/variant]`; none for all. */
  platforms: string[]
  /** An index without some of its children is written anew; otherwise it keeps its digest, and they are missing. */
  rewritesIndex: boolean
}

/** How the name of a target repository is made (names.ts). */
export type Naming = {
  /** Harbor's `dest_namespace`; '' keeps the name. */
  namespace: string
  /** Harbor's `dest_namespace_replace_count`. */
  replaceCount: number
  /** `mirror/{{project}}/{{path}}`; '' for none. It replaces Harbor's two fields. */
  template: string
  /** A regular expression for the whole source name, whose groups are `{{1}}`, `{{2}}`, ...; '' for none. */
  pattern: string
}

export type Policy = NewPolicy & { id: number; creator: string; createdAt: Date; updatedAt: Date }

/** What a run needs of a policy, saved or not. */
export type Rules = Pick<
  NewPolicy,
  | 'direction'
  | 'endpointId'
  | 'filters'
  | 'naming'
  | 'overrides'
  | 'deletes'
  | 'speed'
  | 'copiesByChunk'
  | 'platforms'
  | 'rewritesIndex'
>
