import { aliEnterpriseStandIn, aliPersonalStandIn } from './ali-acr.suite.ts'
import { awsEcrStandIn } from './aws-ecr.suite.ts'
import { azureAcrStandIn } from './azure-acr.suite.ts'
import { dockerHubStandIn } from './docker-hub.suite.ts'
import { dtrStandIn } from './dtr.suite.ts'
import { githubGhcrStandIn } from './github-ghcr.suite.ts'
import { gitlabStandIn } from './gitlab.suite.ts'
import { artifactRegistryStandIn, googleGcrStandIn } from './google-gcr.suite.ts'
import { huaweiLoginStandIn, huaweiSwrStandIn } from './huawei-swr.suite.ts'
import { jfrogArtifactoryStandIn } from './jfrog-artifactory.suite.ts'
import { basicStandIn, dockerRegistryStandIn, ociStandIn } from './plain.suite.ts'
import { quayLoginStandIn, quayStandIn } from './quay.suite.ts'
import type { StandIn } from './stand-in.suite.ts'
import { tencentTcrStandIn } from './tencent-tcr.suite.ts'
import { volcengineCrStandIn } from './volcengine-cr.suite.ts'

/** One or more stand-ins for each adapter; harbor is tried on a real Marina. */
export const standIns: readonly StandIn[] = [
  aliEnterpriseStandIn,
  aliPersonalStandIn,
  awsEcrStandIn(),
  azureAcrStandIn,
  dockerHubStandIn,
  dockerRegistryStandIn,
  dtrStandIn,
  githubGhcrStandIn,
  gitlabStandIn,
  googleGcrStandIn,
  artifactRegistryStandIn,
  huaweiSwrStandIn,
  huaweiLoginStandIn,
  jfrogArtifactoryStandIn,
  ociStandIn,
  basicStandIn,
  quayStandIn,
  quayLoginStandIn,
  tencentTcrStandIn,
  volcengineCrStandIn,
]
