import { Type } from './type.ts'
import { ExecHistory, Schedule } from './jobs.ts'
import { operation } from './operation.ts'
import { idParam, ListQuery } from './requests.ts'

/** What differs between two operations of the same kind: Harbor's operationId, and a summary. */
type Words = { id: string; summary: string }

type Kind = 'listRuns' | 'getSchedule' | 'createSchedule' | 'updateSchedule' | 'getRun' | 'stopRun' | 'getRunLog'

/** How a chore names its seven operations. `param`: what the path calls the id of a run. */
type Names<Param extends string> = { tag: string; path: string; param: Param; words: Record<Kind, Words> }

/**
 * The seven operations that Harbor has for each chore, a kind of work on the whole system. A chore runs when a client
 * asks for it, or by its one schedule.
 */
export function choreOperations<const Param extends string>({ tag, path, param, words }: Names<Param>) {
  const schedulePath = `${path}/schedule`
  const runPath = `${path}/{${param}}`
  const params = Type.Object({ [param]: idParam } as Record<Param, typeof idParam>)
  return {
    listRuns: operation({
      ...words.listRuns,
      tag,
      method: 'GET',
      path,
      query: ListQuery,
      status: 200,
      answer: Type.Array(ExecHistory),
      page: true,
    }),
    getSchedule: operation({
      ...words.getSchedule,
      tag,
      method: 'GET',
      path: schedulePath,
      status: 200,
      answer: Type.Partial(ExecHistory),
    }),
    createSchedule: operation({
      ...words.createSchedule,
      tag,
      method: 'POST',
      path: schedulePath,
      body: Schedule,
      status: 201,
    }),
    updateSchedule: operation({
      ...words.updateSchedule,
      tag,
      method: 'PUT',
      path: schedulePath,
      body: Schedule,
      status: 200,
    }),
    getRun: operation({ ...words.getRun, tag, method: 'GET', path: runPath, params, status: 200, answer: ExecHistory }),
    stopRun: operation({ ...words.stopRun, tag, method: 'PUT', path: runPath, params, status: 200 }),
    getRunLog: operation({
      ...words.getRunLog,
      tag,
      method: 'GET',
      path: `${runPath}/log`,
      params,
      status: 200,
      answer: Type.String(),
    }),
  }
}

/** The operations of any kind of chore. */
export type ChoreOperations = ReturnType<typeof choreOperations<string>>
