import type { Reader } from '../../catalog/reader.ts'
import type { Db } from '../../platform/db/db.ts'
import type { Metrics } from '../../platform/observe/metrics.ts'
import type { Outbound } from '../../platform/outbound/outbound.ts'
import type { Uses } from '../../platform/uses.ts'
import type { Tokens } from '../../registry/token.ts'
import { findRights } from '../access/index.ts'
import { openAdmission } from './admit.ts'
import { examine, type Examined } from './examine.ts'
import { openIssuers, type IssuerLimits } from './issuers.ts'
import { openWorkloadLogin, type WorkloadLogin } from './login.ts'
import type { Times } from './verify.ts'

export type WorkloadLimits = Times &
  IssuerLimits & { rules: number; tokenBytes: number; secretLifeMs: number; failures: number }

/** Logins of pipelines and clusters by tokens of other issuers. */
export type Workloads = {
  login: WorkloadLogin
  examine(token: string, projectId?: number): Promise<Examined>
  measure(metrics: Metrics): void
}

type WorkloadOptions = {
  reader: Reader & { db: Db }
  outbound: Pick<Outbound, 'send'>
  tokens: Tokens
  uses: Pick<Uses, 'note'>
  limits: WorkloadLimits
  /** Told of each token that was refused. */
  onRefused(): void
}

export function openWorkloads({ reader, outbound, tokens, uses, limits, onRefused }: WorkloadOptions): Workloads {
  const counts = new Map<string, number>([['taken', 0]])
  const issuers = openIssuers(outbound, limits)
  const admission = { reader, issuers, limits, uses }
  const login = openWorkloadLogin({
    admit: openAdmission(admission),
    tokens,
    isActive: async (workload) => (await findRights(reader, workload)) !== undefined,
    failures: limits.failures,
    onResult: (result) => void counts.set(result, (counts.get(result) ?? 0) + 1),
    onRefused,
  })
  return {
    login,
    examine: (token, projectId) => examine(admission, token, projectId),
    measure(metrics) {
      const read = () => [...counts].map(([result, value]) => ({ labels: [result], value }))
      const help = 'Tokens of other issuers by what became of them: taken, or why they were refused'
      metrics.counts('marina_workload_tokens_total', help, ['result'], read)
    },
  }
}
