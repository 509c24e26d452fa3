import { openLog } from '../../platform/observe/log.ts'
import { openOutbound } from '../../platform/outbound/outbound.ts'
import { openDockerRegistry } from '../../testing/docker-registry.ts'
import { givenProject } from '../../testing/given.ts'
import { openTestMarina } from '../../testing/server.ts'
import { registrySuite } from '../registry.suite.ts'
import { noBudget, openRemote } from './remote.ts'
import { openRemotes } from './remotes.ts'

const log = openLog({ level: 'silent', format: 'json' })
const open = () => openOutbound({ allow: ['127.0.0.1'] })

registrySuite('a docker-registry over HTTP', async () => {
  const docker = await openDockerRegistry()
  const outbound = open()
  return {
    registry: openRemote({ outbound, endpoint: { url: docker.url }, budget: noBudget, log }),
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
  const outbound = open()
  const { db } = marina.ground
  const { manifestBytes } = marina.config.limits
  const openRemote = openRemotes({ db, outbound, log, limits: { ...marina.config.endpoints, manifestBytes } })
  return {
    registry: openRemote({ url: marina.url, credential: { kind: 'basic', username, password } }),
    project: project.name,
    async [Symbol.asyncDispose]() {
      outbound.close()
      await marina[Symbol.asyncDispose]()
    },
  }
})
