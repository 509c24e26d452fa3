import { feature } from '../../platform/feature.ts'
import { partsOf, type Lent } from './parts.ts'
import { facts as matcherFacts } from './matcher/topics.ts'
import { facts } from './topics.ts'

export { severityAllowed } from './gate/gate.ts'
export { severities } from './reports/finding.ts'
export { facts as scanFacts, type ScanEnded } from './topics.ts'
export { facts as matcherFacts, type VulnerabilitiesFound } from './matcher/topics.ts'
export { issuesCredentials, scannerLogin } from './credentials.ts'
export { vulnerabilitiesOf } from './reports/addition.ts'
export { worstFindings } from './reports/worst.ts'
export { scanOverview } from './reports/column.ts'
export { overviewReader } from './reports/kept.ts'
export { sbomOverview } from './sboms/column.ts'

/** What is in images: SBOMs and vulnerabilities; and scanners that are registered, with those that projects chose. */
export const scanning = (lent: Lent) =>
  feature({ name: 'scanning', topics: { ...facts, ...matcherFacts }, ...partsOf(lent) })
