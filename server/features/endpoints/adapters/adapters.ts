import type { Adapter, AdapterType } from './adapter.ts'
import { aliAcr } from './ali-acr.ts'
import { awsEcr } from './aws-ecr.ts'
import { azureAcr } from './azure-acr.ts'
import { dockerHub } from './docker-hub.ts'
import { dockerRegistry } from './docker-registry.ts'
import { dtr } from './dtr.ts'
import { githubGhcr } from './github-ghcr.ts'
import { gitlab } from './gitlab.ts'
import { googleGcr } from './google-gcr.ts'
import { harbor } from './harbor.ts'
import { huaweiSwr } from './huawei-swr.ts'
import { jfrogArtifactory } from './jfrog-artifactory.ts'
import { oci } from './oci.ts'
import { quay } from './quay.ts'
import { tencentTcr } from './tencent-tcr.ts'
import { volcengineCr } from './volcengine-cr.ts'

/** All kinds of registries, in the order in which the API lists them. */
export const adapters: readonly Adapter[] = [
  aliAcr,
  awsEcr,
  azureAcr,
  dockerHub,
  dockerRegistry,
  dtr,
  githubGhcr,
  gitlab,
  googleGcr,
  harbor,
  huaweiSwr,
  jfrogArtifactory,
  oci,
  quay,
  tencentTcr,
  volcengineCr,
]

export const adapterTypes: readonly AdapterType[] = adapters.map(({ type }) => type)

/** Throws Error for a type that is not in the list: types are checked before they are saved. */
export function findAdapter(type: AdapterType): Adapter {
  const found = adapters.find((one) => one.type === type)
  if (!found) throw new Error(`there is no adapter ${type}`)
  return found
}
