import { hour, minute, setting, time } from './setting.ts'
import { hostOfProject, integer, list } from './units.ts'

/** Projects that cache another registry. */
export const proxyCache = {
  waitMs: time({
    env: 'MARINA_PROXY_CACHE_WAIT',
    path: 'proxy_cache.wait',
    min: 10,
    max: minute,
    fallback: 3000,
    help: 'the longest wait for another registry while what is asked for is in the cache',
  }),
  askMs: time({
    env: 'MARINA_PROXY_CACHE_ASK',
    path: 'proxy_cache.ask',
    min: 100,
    max: 10 * minute,
    fallback: 20_000,
    help: 'the longest wait for a manifest or a list of another registry that is not in the cache',
  }),
  failures: setting({
    env: 'MARINA_PROXY_CACHE_FAILURES',
    path: 'proxy_cache.failures',
    parse: integer(1, 1000),
    fallback: 3,
    help: 'failures in a row after which another registry is left alone for a while',
  }),
  pauseMs: time({
    env: 'MARINA_PROXY_CACHE_PAUSE',
    path: 'proxy_cache.pause',
    min: 10,
    max: hour,
    fallback: 10_000,
    help: 'for how long; doubles with each failure after that, up to ten times as long',
  }),
  evictEveryMs: time({
    env: 'MARINA_PROXY_CACHE_EVICT_EVERY',
    path: 'proxy_cache.evict_every',
    min: 100,
    max: 24 * hour,
    fallback: 10 * minute,
    help: 'pause between two looks for what caches no longer may keep, by age and by budget',
  }),
  hosts: setting<'MARINA_PROXY_CACHE_HOSTS', [host: string, project: string][]>({
    env: 'MARINA_PROXY_CACHE_HOSTS',
    path: 'proxy_cache.hosts',
    parse: list(hostOfProject),
    fallback: [],
    show: (all) => all.map((pair) => pair.join('=')).join(','),
    help: "host names of Marina that stand for a project, as docker's registry-mirrors need: hub.example.com=hub",
  }),
}
