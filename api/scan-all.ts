import { Type } from './type.ts'
import { Schedule } from './jobs.ts'
import { operation } from './operation.ts'

/** How far a run is. Without a run there are no `metrics` and no `trigger`. */
export const Stats = Type.Object({
  total: Type.Integer(),
  completed: Type.Integer(),
  metrics: Type.Optional(Type.Record(Type.String(), Type.Integer())),
  ongoing: Type.Boolean(),
  trigger: Type.Optional(Type.Union([Type.Literal('Manual'), Type.Literal('Schedule'), Type.Literal('Event')])),
})

const tag = 'scanAll'
const path = '/system/scanAll/schedule'

export const getLatestScanAllMetrics = operation({
  id: 'getLatestScanAllMetrics',
  tag,
  method: 'GET',
  path: '/scans/all/metrics',
  summary: 'How far is the last scan of all images?',
  status: 200,
  answer: Stats,
})

export const getLatestScheduledScanAllMetrics = operation({
  id: 'getLatestScheduledScanAllMetrics',
  tag,
  method: 'GET',
  path: '/scans/schedule/metrics',
  summary: 'How far is the last scan of all images that the schedule has begun?',
  status: 200,
  answer: Stats,
})

export const getScanAllSchedule = operation({
  id: 'getScanAllSchedule',
  tag,
  method: 'GET',
  path,
  summary: 'When are all images scanned? {} without a schedule',
  status: 200,
  answer: Schedule,
})

export const updateScanAllSchedule = operation({
  id: 'updateScanAllSchedule',
  tag,
  method: 'PUT',
  path,
  summary: 'Change when all images are scanned, or end that (type None)',
  body: Schedule,
  status: 200,
})

export const createScanAllSchedule = operation({
  id: 'createScanAllSchedule',
  tag,
  method: 'POST',
  path,
  summary: 'Scan all images now (type Manual), or by a schedule',
  body: Schedule,
  status: 201,
})

export const stopScanAll = operation({
  id: 'stopScanAll',
  tag,
  method: 'POST',
  path: '/system/scanAll/stop',
  summary: 'Stop the scan of all images; reports that are finished stay',
  status: 202,
})
