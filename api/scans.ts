import { Type } from './type.ts'
import { operation } from './operation.ts'
import { RepositoryPath } from './repositories.ts'
import { nameParam } from './requests.ts'

const tag = 'scan'
const path = '/projects/{project_name}/repositories/{repository_name}/artifacts/{reference}'
const ofOne = { ...RepositoryPath.properties, reference: nameParam }
const params = Type.Object(ofOne)

const scanType = Type.Union([Type.Literal('vulnerability'), Type.Literal('sbom')])

/** Without a type, vulnerabilities are looked for; a stop needs one. */
export const ScanReq = Type.Object({ scan_type: Type.Optional(scanType) })

export const scanArtifact = operation({
  id: 'scanArtifact',
  tag,
  method: 'POST',
  path: `${path}/scan`,
  summary: 'Look into an image, or into the images of an index: make their SBOMs',
  params,
  body: ScanReq,
  status: 202,
})

export const stopScanArtifact = operation({
  id: 'stopScanArtifact',
  tag,
  method: 'POST',
  path: `${path}/scan/stop`,
  summary: 'Stop what looks into an artifact',
  params,
  body: ScanReq,
  status: 202,
})

export const getReportLog = operation({
  id: 'getReportLog',
  tag,
  method: 'GET',
  path: `${path}/scan/{report_id}/log`,
  summary: 'Read the log of what made a report, as far as it is written',
  params: Type.Object({ ...ofOne, report_id: nameParam }),
  status: 200,
  answer: Type.String(),
})

/** Not in Harbor's API, where an SBOM is read as an addition of the accessory that holds it. */
export const getSbom = operation({
  id: 'getSbom',
  tag,
  method: 'GET',
  path: `${path}/sbom`,
  summary: 'Read the SBOM of an image: as it is stored, or as CycloneDX',
  params,
  query: Type.Object({
    format: Type.Optional(
      Type.Union([Type.Literal('spdx'), Type.Literal('cyclonedx')], {
        description: 'spdx: SPDX 2.3 as it is stored; cyclonedx: the same in CycloneDX 1.6, for SBOMs that Marina made',
      }),
    ),
  }),
  status: 200,
  answer: Type.String(),
})
