import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openMetrics } from '../../platform/observe/metrics.ts'
import { openPage, type Source } from './figures.ts'
import type { Figures } from './seat.ts'

/** A process with metrics of its own, as Marina's processes have them. */
function openProcess(requests: number) {
  const metrics = openMetrics()
  const answer = () => {
    metrics.requests('registry GET 200')
    metrics.seconds('registry', 0.002)
  }
  for (let n = 0; n < requests; n++) answer()
  metrics.gauge('marina_cache_processes', 'Processes that agree', () => 2, 'max')
  metrics.gauge('marina_database_connections', 'Connections', () => requests)
  metrics.gauges('marina_component_healthy', 'Health', ['component'], async () => [
    { labels: ['jobs'], value: requests > 5 ? 1 : 0 },
  ])
  let isAnswering = true
  const source: Source = {
    ask: async () => {
      if (!isAnswering) throw new Error('no answer')
      return metrics.registry.getMetricsAsJSON()
    },
  }
  return { source, answer, hang: () => void (isAnswering = false) }
}

const valueOf = (page: string, line: string) =>
  Number(
    page
      .split('\n')
      .find((one) => one.startsWith(`${line} `))
      ?.slice(line.length + 1),
  )

const requests = 'marina_http_requests_total{door="registry",method="GET",status="200"}'

test('one page adds up counters, histograms and connections; of health the worst counts', async () => {
  const [one, two] = [openProcess(3), openProcess(10)]
  const own: Figures = []
  const page = openPage({ sources: () => [one.source, two.source], own: () => own, onTrouble: assert.fail })
  const text = await page.metrics()
  assert.equal(valueOf(text, requests), 13)
  assert.equal(valueOf(text, 'marina_http_request_duration_seconds_count{door="registry"}'), 13)
  assert.equal(valueOf(text, 'marina_http_request_duration_seconds_bucket{le="0.005",door="registry"}'), 13)
  assert.equal(valueOf(text, 'marina_database_connections'), 13)
  assert.equal(valueOf(text, 'marina_cache_processes'), 2)
  assert.equal(valueOf(text, 'marina_component_healthy{component="jobs"}'), 0)
})

test('what a process counted stays on the page when it has ended, and its connections do not', async () => {
  const [one, two] = [openProcess(3), openProcess(10)]
  let living = [one.source, two.source]
  const page = openPage({ sources: () => living, own: () => [], onTrouble: assert.fail })
  await page.metrics()
  living = [one.source]
  page.ended(two.source, undefined)
  one.answer()
  const text = await page.metrics()
  assert.equal(valueOf(text, requests), 14)
  assert.equal(valueOf(text, 'marina_database_connections'), 3)
  const next = openProcess(1)
  living = [one.source, next.source]
  assert.equal(valueOf(await page.metrics(), requests), 15)
  page.ended(next.source, await next.source.ask())
  living = [one.source]
  assert.equal(valueOf(await page.metrics(), requests), 15)
})

test('a process that does not answer has its last figures on the page, and the trouble is told', async () => {
  const one = openProcess(7)
  const troubles: unknown[] = []
  const page = openPage({ sources: () => [one.source], own: () => [], onTrouble: (error) => void troubles.push(error) })
  await page.metrics()
  one.hang()
  assert.equal(valueOf(await page.metrics(), requests), 7)
  assert.equal(troubles.length, 1)
})
