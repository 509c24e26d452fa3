import { readConfig, type Processor } from './processor.ts'

const chartConfig = 'application/vnd.cncf.helm.config.v1+json'

/** A Helm chart: its config is the Chart.yaml as JSON. */
export const chart: Processor = {
  type: 'CHART',
  isFor: ({ config }) => config?.mediaType === chartConfig,
  read: readConfig,
  additions: ['readme.md', 'values.yaml', 'dependencies'],
}
