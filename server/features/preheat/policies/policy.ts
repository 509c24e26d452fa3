/** Harbor's filters, checked: patterns, names of labels (an image must have all), and the bounds of severity. */
export type Filter =
  | { type: 'repository' | 'tag'; value: string }
  | { type: 'label'; value: string[] }
  | { type: 'signature'; value: boolean }
  /** Harbor's codes: images whose worst finding is below this one. */
  | { type: 'vulnerability'; value: number }

export type Trigger = 'manual' | 'scheduled' | 'event_based'

/** Harbor's `extra_attrs`, which Dragonfly takes. */
export type ExtraAttrs = { scope?: string; cluster_ids?: number[] }

/** A policy as a client gives it. */
export type NewPolicy = {
  name: string
  description: string
  instanceId: number
  filters: Filter[]
  trigger: Trigger
  /** Of a scheduled policy; '' otherwise. */
  cron: string
  extraAttrs: ExtraAttrs | null
  isEnabled: boolean
}

export type Policy = NewPolicy & {
  id: number
  projectId: number
  /** Of the instance. */
  instanceName: string
  createdAt: Date
  updatedAt: Date
}
