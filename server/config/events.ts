import { hour, minute, setting, time } from './setting.ts'
import { integer } from './units.ts'

/** Facts that one part of Marina tells to the others. */
export const events = {
  keepMs: time({
    env: 'MARINA_EVENTS_KEEP',
    path: 'events.keep',
    min: minute,
    max: 8760 * hour,
    fallback: 168 * hour,
    help: 'how long facts that all reactions have read are kept, so that they can be replayed',
  }),
  tries: setting({
    env: 'MARINA_EVENT_TRIES',
    path: 'events.tries',
    parse: integer(1, 1000),
    fallback: 10,
    help:
      'a fact that a reaction refuses this often is parked for an administrator; the back-off between tries doubles ' +
      'from 0.25 s to a minute',
  }),
}
