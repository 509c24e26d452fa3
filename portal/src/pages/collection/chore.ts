import * as gc from '../../../../api/gc.ts'
import * as purge from '../../../../api/purge.ts'
import type { AnswerOf } from '../../../../api/operation.ts'
import { system } from '../../i18n/system.ts'
import { showBytes, showCount } from '../../lib/show.ts'
import type { Values } from '../../ui/form.tsx'
import { words } from './words.ts'

export type Run = AnswerOf<typeof gc.listRuns>[number]
export type Numbers = Readonly<Record<string, unknown>>

/** Work on the whole system that runs by hand or by its one schedule; both kinds have the same operations. */
export type Chore = {
  name: 'storage' | 'audit'
  operations: typeof gc
  /** What the path calls the id of a run, and where the paths begin. */
  param: 'gc_id'
  path: string
  resource: 'garbage-collection' | 'purge-audit'
  /** The parameters that a form says. */
  toParameters(values: Values): Record<string, unknown>
  /** What a run has done, in one word, and in all. */
  result(numbers: Numbers): string
  facts(numbers: Numbers): [string, string][]
}

/** A number that a run says of itself; 0 where it says none. */
export const numberIn = (numbers: Numbers, name: string): number => Number(numbers[name] ?? 0)

/** A text that a run, or a schedule, says of itself. */
export const textIn = (numbers: Numbers, name: string): string => {
  const value = numbers[name]
  return typeof value === 'string' ? value : ''
}

/** What a run, or a schedule, says of itself. */
export function numbersOf({ job_parameters: text }: { job_parameters?: string }): Numbers {
  try {
    return JSON.parse(text ?? '{}') as Numbers
  } catch {
    return {}
  }
}

const counted = (numbers: Numbers, fields: [string, string][]): [string, string][] =>
  fields
    .filter(([name]) => numbers[name] !== undefined)
    .map(([name, title]) => [title, showCount(numberIn(numbers, name))])

export const storage: Chore = {
  name: 'storage',
  operations: gc,
  param: 'gc_id',
  path: '/system/gc',
  resource: 'garbage-collection',
  toParameters: ({ untagged, workers = '1' }) => ({ delete_untagged: untagged === 'on', workers: Number(workers) }),
  result: (numbers) => showBytes(numberIn(numbers, 'freed_space')),
  facts: (numbers) => [
    [words().freed, showBytes(numberIn(numbers, 'freed_space'))],
    ...counted(numbers, [
      ['purged_blobs', words().blobs],
      ['purged_manifests', words().manifests],
      ['removed_files', words().files],
      ['ended_holds', words().holds],
      ['estimate', words().estimate],
      ['workers', words().workers],
    ]),
    ...(numbers['delete_untagged'] === true ? [[words().withUntagged, '✓'] as [string, string]] : []),
  ],
}

const hoursOfDay = 24

export const audit: Chore = {
  name: 'audit',
  // Both have the same seven operations; only the name of the path's parameter differs.
  operations: purge as unknown as typeof gc,
  param: 'purge_id' as 'gc_id',
  path: '/system/purgeaudit',
  resource: 'purge-audit',
  toParameters: ({ days = '', types = '' }) => ({
    audit_retention_hour: Math.round(Number(days) * hoursOfDay),
    include_event_types: types.trim(),
  }),
  result: (numbers) => showCount(numberIn(numbers, 'removed')),
  facts: (numbers) => [
    [words().removed, showCount(numberIn(numbers, 'removed'))],
    [words().olderThan, words().days(daysIn(numbers))],
    [words().types, textIn(numbers, 'include_event_types') || '–'],
  ],
}

/** The days for which entries are kept. */
export const daysIn = (numbers: Numbers): number =>
  Math.max(1, Math.round(numberIn(numbers, 'audit_retention_hour') / hoursOfDay))

/** Who or what began a run. */
export const triggerOf = ({ job_kind: kind }: Run): string => system().triggers[kind] ?? kind
