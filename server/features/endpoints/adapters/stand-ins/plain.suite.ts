import type { StandIn } from './stand-in.suite.ts'

const login = { username: 'anna', password: 'Secret-of-anna-1' }
const saved = () => ({ accessKey: login.username, accessSecret: login.password })

/** A registry of the OCI specification with a token service. */
export const ociStandIn: StandIn = {
  type: 'oci',
  saved,
  listsDigests: false,
  makesNamespaces: false,
  open: () => ({ routes: [], login, service: 'registry.test' }),
}

/** The same with Basic. */
export const basicStandIn: StandIn = { ...ociStandIn, kind: 'with Basic', open: () => ({ routes: [], login }) }

/** A docker-registry, as far as its API goes: a tag cannot be deleted. */
export const dockerRegistryStandIn: StandIn = { ...basicStandIn, type: 'docker-registry', kind: 'its API' }
