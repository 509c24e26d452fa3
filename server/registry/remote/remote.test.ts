import { openLog } from '../../platform/observe/log.ts'
import { openOutbound } from '../../platform/outbound/outbound.ts'
import { openDockerRegistry } from '../../testing/docker-registry.ts'
import { givenProject } from '../../testing/given.ts'
import { openTestMarina } from '../../testing/server.ts'
import { registrySuite } from '../registry.suite.ts'
import { noBudget, openRemote, type Endpoint } from './remote.ts'

const log = openLog({ level: 'silent', format: 'json' })

function openOn(endpoint: Endpoint) {
  const outbound = openOutbound({ allow: ['127.0.0.1'] })
  return { remote: openRemote({ outbound, endpoint, budget: noBudget, log }), outbound }
}

registrySuite('a docker-registry over HTTP', async () => {
  const docker = await openDockerRegistry()
  const { remote, outbound } = openOn({ url: docker.url })
  return {
    registry: remote,
    project: 'team',
    ways: { deletesTags: false, resumesCutChunks: false, holdsBlobs: false, knowsNames: false },
    async [Symbol.asyncDispose]() {
      outbound.close()
      await docker[Symbol.asyncDispose]()
    },
  }
})

registrySuite('another Marina over HTTP', async () => {
  const marina = await openTestMarina()
  const project = await givenProject(marina)
  const { name: username, password } = marina.admin
  const { remote, outbound } = openOn({ url: marina.url, credential: { kind: 'basic', username, password } })
  return {
    registry: remote,
    project: project.name,
    async [Symbol.asyncDispose]() {
      outbound.close()
      await marina[Symbol.asyncDispose]()
    },
  }
})
