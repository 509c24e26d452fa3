import * as api from '../../../../api/artifacts.ts'
import type { Digest } from '../../../../oci/digest.ts'
import { serializedOnUse } from '../../../platform/http/schemas.ts'
import type { Column, KeptArtifact } from '../../artifacts/index.ts'
import { listReports } from './store.ts'
import { presentOverview } from './wire.ts'

const serialize = serializedOnUse(api.Artifact.properties.sbom_overview)

/** What lists of artifacts show of their SBOMs, read by one query for a whole page. */
export const sbomOverview: Column = {
  flag: 'with_sbom_overview',
  field: 'sbom_overview',
  async load({ reader, artifacts }) {
    // Only images have reports; those of an index are those of its images.
    const ids = artifacts.flatMap(({ id, childIds }) => [id, ...childIds])
    const reports = new Map((await listReports(reader.db, [...new Set(ids)])).map((one) => [one.artifactId, one]))
    const overviewOf = ({ id, childIds }: KeptArtifact) =>
      reports.size === 0 ? undefined : presentOverview([id, ...childIds].flatMap((one) => reports.get(one) ?? []))
    return {
      textOf(one) {
        const overview = overviewOf(one)
        return overview && serialize(overview)
      },
      sbomOf: (one) => overviewOf(one)?.sbom_digest as Digest | undefined,
    }
  },
}
