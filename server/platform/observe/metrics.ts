import { collectDefaultMetrics, Counter, Gauge, Registry, type GaugeConfiguration, type Metric } from 'prom-client'

/** Marina's metrics, named as Prometheus recommends: in base units, counters end in _total. */
export type Metrics = {
  registry: Registry
  /** Labels: `<door> <method> <status>`. */
  requests: Tally
  seconds: Times
  received: Counter
  sent: Counter
  /** Label: the policy of a project that refused. */
  refusedPulls: Counter<'policy'>
  refusedTags: Counter
  /** Counts that are kept elsewhere, read at each scrape; each with the values of its labels. */
  counts(name: string, help: string, labelNames: string[], read: () => Labelled[]): void
  /** A number that is read at each scrape. Those of several processes are added, unless `join` says otherwise. */
  gauge(name: string, help: string, read: () => number, join?: 'sum' | 'max'): void
  /** Figures with labels, read when somebody asks. Of several processes the least counts. */
  gauges(name: string, help: string, labelNames: string[], read: () => Promise<Labelled[]>): void
}

type Labelled = { labels: string[]; value: number }

export function openMetrics(): Metrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry, prefix: 'marina_' })
  const registers = [registry]
  return {
    registry,
    requests: openTally({
      registers,
      name: 'marina_http_requests_total',
      help: 'Requests answered',
      labelNames: ['door', 'method', 'status'],
    }),
    seconds: openTimes(
      registry,
      'marina_http_request_duration_seconds',
      'Time to answer',
      [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 30, 120],
    ),
    received: new Counter({ registers, name: 'marina_blob_received_bytes_total', help: 'Bytes of blobs received' }),
    sent: new Counter({ registers, name: 'marina_blob_sent_bytes_total', help: 'Bytes of blobs sent' }),
    refusedPulls: new Counter({
      registers,
      name: 'marina_pulls_refused_total',
      help: 'Pulls that a policy of a project refused',
      labelNames: ['policy'],
    }),
    refusedTags: new Counter({
      registers,
      name: 'marina_tag_changes_refused_total',
      help: 'Pushes and deletions that a rule for protected tags refused',
    }),
    counts(name, help, labelNames, read) {
      const counter = new Counter({
        registers,
        name,
        help,
        labelNames,
        collect() {
          counter.reset()
          for (const { labels, value } of read())
            counter.inc(Object.fromEntries(labelNames.map((label, index) => [label, labels[index]!])), value)
        },
      })
    },
    gauge(name, help, read, join = 'sum') {
      registry.registerMetric(
        new Gauge({
          registers: [],
          name,
          help,
          aggregator: join,
          collect() {
            this.set(read())
          },
        }),
      )
    },
    gauges: (name, help, labelNames, read) => addGauges({ registers, name, help, labelNames, aggregator: 'min' }, read),
  }
}

function addGauges(options: GaugeConfiguration<string>, read: () => Promise<Labelled[]>): void {
  const gauge = new Gauge({
    ...options,
    async collect() {
      // What cannot be read now is absent, and all else stays: `marina_component_healthy` says what is broken.
      const figures = await read().catch(() => [])
      gauge.reset()
      for (const { labels, value } of figures) gauge.labels(...labels).set(value)
    },
  })
}

/** Adds one duration, in seconds, of a request at a door. */
type Times = (door: string, seconds: number) => void

/** A histogram in plain numbers, for speed like the tally below. */
function openTimes(registry: Registry, name: string, help: string, limits: number[]): Times {
  const doors = new Map<string, { buckets: number[]; sum: number; count: number }>()
  const values = () =>
    [...doors].flatMap(([door, { buckets, sum, count }]) => {
      let below = 0
      const cumulative = limits.map((le, index) => ({
        metricName: `${name}_bucket`,
        labels: { le, door },
        value: (below += buckets[index]!),
      }))
      return [
        ...cumulative,
        { metricName: `${name}_bucket`, labels: { le: '+Inf', door }, value: count },
        { metricName: `${name}_sum`, labels: { door }, value: sum },
        { metricName: `${name}_count`, labels: { door }, value: count },
      ]
    })
  const metric = {
    name,
    help,
    get: () => Promise.resolve({ name, help, type: 'histogram', values: values(), aggregator: 'sum' }),
    reset: () => doors.clear(),
  }
  registry.registerMetric(metric as unknown as Metric)
  return (door, seconds) => {
    let known = doors.get(door)
    if (!known) doors.set(door, (known = { buckets: limits.map(() => 0), sum: 0, count: 0 }))
    const index = limits.findIndex((limit) => seconds <= limit)
    if (index >= 0) known.buckets[index]!++
    known.sum += seconds
    known.count++
  }
}

/** Adds one to the count with these labels: their values, none with a space in it, separated by spaces. */
type Tally = (labels: string) => void

/**
 * A counter that every request increments: plain numbers, which prom-client gets at each scrape. Its own counters check
 * and hash the labels each time, which took a tenth of a pull.
 */
function openTally(options: { registers: Registry[]; name: string; help: string; labelNames: string[] }): Tally {
  const counts = new Map<string, { count: number }>()
  const counter = new Counter({
    ...options,
    collect() {
      counter.reset()
      for (const [labels, { count }] of counts) {
        const values = labels.split(' ')
        counter.inc(Object.fromEntries(options.labelNames.map((name, index) => [name, values[index]!])), count)
      }
    },
  })
  return (labels) => {
    const known = counts.get(labels)
    if (known) known.count++
    else counts.set(labels, { count: 1 })
  }
}
