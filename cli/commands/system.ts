import type { Static } from 'typebox'
import { getStatistic, type Statistic } from '../../api/search.ts'
import * as api from '../../api/system.ts'
import type { Shape } from '../lib/output.ts'
import { exitCodes } from '../lib/problem.ts'
import { size, yesNo } from '../lib/text.ts'
import type { Verb } from '../lib/verb.ts'
import { showing } from '../lib/words.ts'

const info = showing({
  operation: api.getSystemInfo,
  name: 'info',
  about: 'show the version of the server, and how people log in',
  shape: {
    kind: 'info',
    name: (row) => row.harbor_version ?? '',
    columns: [
      { name: 'version', of: (row) => row.harbor_version ?? 'shown to those who are logged in' },
      { name: 'login', of: (row) => row.auth_mode },
      { name: 'self registration', of: (row) => yesNo(row.self_registration) },
      { name: 'registry', of: (row) => row.registry_url },
      { name: 'address', of: (row) => row.external_url },
      { name: 'storage', of: (row) => row.registry_storage_provider_name },
      { name: 'read-only', of: (row) => (row.read_only === undefined ? undefined : yesNo(row.read_only)) },
      { name: 'banner', of: (row) => row.banner_message },
    ],
  } satisfies Shape<Static<typeof api.GeneralInfo>>,
  call: () => ({}),
})

type Component = Static<typeof api.ComponentHealthStatus>

const componentShape: Shape<Component> = {
  kind: 'component',
  name: ({ name }) => name,
  columns: [
    { name: 'component', of: ({ name }) => name },
    { name: 'status', of: ({ status }) => status, style: ({ status }) => (status === 'healthy' ? 'good' : 'bad') },
    { name: 'why', of: ({ error }) => error, shrinks: true },
  ],
}

const health: Verb = {
  name: 'health',
  about: 'show the state of the parts that the server needs; exit code 1 when one has failed',
  examples: [['marina system health -o json', 'for a monitor']],
  async run(_given, { client, out }) {
    const { body } = await client(api.getHealth)
    await (out.format === 'table' || out.format === 'name'
      ? out.rows(componentShape, body.components)
      : out.row({ kind: 'health', name: () => '', columns: [] }, body))
    if (body.status !== 'healthy') process.exitCode = exitCodes.refused
  },
}

const statistics = showing({
  operation: getStatistic,
  name: 'statistics',
  about: 'count projects, repositories and stored bytes',
  shape: {
    kind: 'statistic',
    name: () => '',
    columns: [
      { name: 'public projects', of: (row) => row.public_project_count },
      { name: 'private projects', of: (row) => row.private_project_count },
      { name: 'public repositories', of: (row) => row.public_repo_count },
      { name: 'private repositories', of: (row) => row.private_repo_count },
      { name: 'all projects', of: (row) => row.total_project_count },
      { name: 'all repositories', of: (row) => row.total_repo_count },
      { name: 'stored', of: (row) => size(row.total_storage_consumption) },
    ],
  } satisfies Shape<Static<typeof Statistic>>,
  call: () => ({}),
})

const volumes: Verb = {
  name: 'volumes',
  about: 'show the room on the disk that holds the blobs',
  async run(_given, { client, out }) {
    const { body } = await client(api.getVolumes)
    await out.rows(
      {
        kind: 'disk',
        name: ({ free }) => String(free),
        columns: [
          { name: 'total', of: ({ total }) => size(total) },
          { name: 'free', of: ({ free }) => size(free) },
        ],
      },
      body.storage,
    )
  },
}

export const verbs: Verb[] = [info, health, statistics, volumes]
