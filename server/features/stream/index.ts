import { feature } from '../../platform/feature.ts'
import { openStreams, type Lent } from './routes.ts'

/** A stream of events for each client that follows what happens. */
export const stream = (lent: Lent, streams = openStreams(lent)) =>
  feature({ name: 'stream', routes: streams.routes, drain: streams.close, measure: streams.measure })
