import { bringImage } from '../features/proxy-cache/index.ts'
import { deprecationWarning } from '../features/artifacts/index.ts'
import type { Refusals } from '../features/audit/index.ts'
import { runningStays } from '../features/deployments/index.ts'
import { tagStays, tagStaysPut } from '../features/immutability/index.ts'
import { severityAllowed } from '../features/scanning/index.ts'
import { refuseWhileReadOnly, type SettingsAccess } from '../features/settings/index.ts'
import { openSignatures, type Requirement, type Signatures } from '../features/signatures/index.ts'
import { pushIsByThose, untagIsByThose, type GateOptions } from '../features/tag-protection/index.ts'
import type { Gates } from '../registry/gate.ts'
import type { Registry } from '../registry/registry.ts'
import type { Ground } from './ground.ts'

/** Which gates a push, a pull and the removal of a tag pass, and in which order. */
export function openGates(ground: Ground, settings: SettingsAccess, signatures: Signatures, refusals: Refusals): Gates {
  const { db, cache, config, metrics } = ground
  const reader = { db, cache }
  const protection = protectionOf(ground, refusals)
  metrics.refusedPulls.inc({ policy: 'vulnerabilities' }, 0)
  return {
    // Quotas need no gate: the database itself enforces them for every write (migrations/0003-quotas.sql).
    push: [refuseWhileReadOnly(settings), tagStaysPut(reader), pushIsByThose(protection)],
    untag: [tagStays(reader), untagIsByThose(protection), runningStays],
    // Warnings come last: only what is sent is warned of.
    pull: [
      signatures.gate,
      severityAllowed(reader, {
        passes: config.scanning.gatePasses,
        onRefused: () => metrics.refusedPulls.inc({ policy: 'vulnerabilities' }),
        bring: ({ project, repository, digest }) => bringImage(db, project, repository, digest),
      }),
      deprecationWarning(reader),
    ],
  }
}

/** What a rule for tags refuses is counted, and stands in the audit log. */
function protectionOf({ cache, metrics }: Ground, refusals: Refusals): GateOptions {
  return {
    cache,
    onRefused(by, what, projectName) {
      metrics.refusedTags.inc()
      refusals.change(by, what, projectName)
    },
  }
}

/** How the metric of refused pulls names what a project asks of signatures. */
const policies: Record<Requirement, string> = {
  cosign: 'signature_cosign',
  notation: 'signature_notation',
  verified: 'signature_verified',
}

/** Who must have signed what is pulled; what is refused is counted, and stands in the audit log. */
export function openSignaturesOf(ground: Ground, refusals: Refusals, source: () => Registry): Signatures {
  const { db, cache, config, metrics } = ground
  for (const policy of Object.values(policies)) metrics.refusedPulls.inc({ policy }, 0)
  return openSignatures({ reader: { db, cache }, source, limits: config.signatures }, (pulled, requirement) => {
    const { caller, repository, digest, project } = pulled
    metrics.refusedPulls.inc({ policy: policies[requirement] })
    refusals.change(caller, `pull ${repository}@${digest} without a signature`, project.name)
  })
}
