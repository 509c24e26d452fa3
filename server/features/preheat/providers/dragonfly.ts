import { ProviderRefused, type Progress, type Provider } from './provider.ts'

/** Where Dragonfly puts an image: one seed peer, all of them, or every machine (manager/types/job.go). */
const scopes = ['single_seed_peer', 'all_seed_peers', 'all_peers'] as const

/** The open API of a Dragonfly manager (d7y.io, "Preheat" and "Open API"): jobs of type `preheat`. */
export const dragonfly: Provider = {
  id: 'dragonfly',
  about: {
    name: 'Dragonfly',
    icon: 'https://raw.githubusercontent.com/dragonflyoss/Dragonfly2/master/docs/images/logo/dragonfly-linear.png',
    maintainers: ['chlins.zhang@gmail.com', 'gaius.qi@gmail.com'],
    version: '2.1.59',
    source: 'https://github.com/dragonflyoss/Dragonfly2',
  },
  scopes,
  health: async (ask) => void (await ask('GET', '/healthy')),
  async preheat(ask, { url, authorize }, { scope, clusterIds = [] }) {
    const args = {
      type: 'image',
      url,
      headers: { Authorization: await authorize() },
      ...(scope === undefined ? {} : { scope }),
    }
    // Without clusters the manager takes all of them.
    const clusters = clusterIds.length === 0 ? {} : { scheduler_cluster_ids: clusterIds }
    const answer = (await ask('POST', '/oapi/v1/jobs', { type: 'preheat', args, ...clusters })) as Job | undefined
    if (!Number.isSafeInteger(answer?.id)) throw new ProviderRefused('Dragonfly has begun a job without an id')
    return String(answer!.id)
  },
  async progress(ask, job) {
    return progressOf((await ask('GET', `/oapi/v1/jobs/${encodeURIComponent(job)}`)) as Job | undefined, job)
  },
}

type Failure = { hostname?: unknown; ip?: unknown; description?: unknown }
type Result = { success_tasks?: unknown; failure_tasks?: unknown }
type Job = { id?: unknown; state?: unknown; result?: { job_states?: unknown } | null }

/** The states of a job that has not ended (manager/types/job.go, `GetJobsQuery`). */
const unfinished = ['PENDING', 'RECEIVED', 'STARTED', 'RETRY']

function progressOf(job: Job | undefined, id: string): Progress {
  const state = typeof job?.state === 'string' ? job.state : ''
  if (unfinished.includes(state)) return { state: 'running', says: `job ${id} is ${state}` }
  const { errors, failures, successes } = outcomeOf(job)
  if (state === 'FAILURE') return { state: 'failed', reason: errors[0] ?? failures[0] ?? `job ${id} has failed` }
  if (state !== 'SUCCESS')
    throw new ProviderRefused(`Dragonfly says that job ${id} is ${state.slice(0, 40) || 'nothing'}`)
  if (successes === 0 && failures.length > 0) return { state: 'failed', reason: failures[0]! }
  const missed = failures.length > 0 ? [`${failures.length} downloads failed, the first: ${failures[0]}`] : []
  return { state: 'success', notes: [...(successes > 0 ? [`${successes} downloads succeeded`] : []), ...missed] }
}

/** What the machines of all clusters say. An answer of another form says nothing. */
function outcomeOf(job: Job | undefined): { errors: string[]; failures: string[]; successes: number } {
  const states = listOf<{ error?: unknown; results?: unknown }>(job?.result?.job_states)
  const results = states.flatMap((one) => listOf<Result>(one.results))
  const failures = results.flatMap((one) => listOf<Failure>(one.failure_tasks)).map(textOf)
  return {
    errors: states.flatMap(({ error }) => (typeof error === 'string' && error !== '' ? [error.slice(0, 500)] : [])),
    failures,
    successes: results.reduce((sum, one) => sum + listOf(one.success_tasks).length, 0),
  }
}

const listOf = <One extends object>(value: unknown): One[] =>
  Array.isArray(value) ? value.filter((one): one is One => typeof one === 'object' && one !== null) : []

function textOf({ hostname, ip, description }: Failure): string {
  const where = [hostname, ip].find((one): one is string => typeof one === 'string' && one !== '') ?? 'a machine'
  return `${where}: ${typeof description === 'string' ? description : 'it says no reason'}`.slice(0, 500)
}
