import { hour, time } from './setting.ts'

const day = 24 * hour

/** Robots: what follows a new secret, and what comes before their end. */
export const robots = {
  oldSecretMs: time({
    env: 'MARINA_ROBOT_OLD_SECRET',
    path: 'robots.old_secret',
    min: 0,
    max: 30 * day,
    fallback: 0,
    help: "how long a robot's old secret works beside a new one, where the request for the new one says nothing",
  }),
  warningMs: time({
    env: 'MARINA_ROBOT_WARNING',
    path: 'robots.warning',
    min: 0,
    max: 365 * day,
    fallback: 7 * day,
    help: 'how long before it expires a robot is warned of, once, by the event robot.expires-soon; 0: never',
  }),
}
