import type { Reader } from '../../catalog/reader.ts'
import { findAccountRights, mayInEvery, mayInProject, type Rights, type StoredScope } from '../access/index.ts'
import { openSignatureCheck, type AdmitOptions } from './admit.ts'
import type { Claims } from './claims.ts'
import { TokenRefused } from './refused.ts'
import { reasonsAgainst } from './rules.ts'
import { rulesOf, type TrustRule } from './store.ts'
import { checkTimes, readToken } from './verify.ts'

/**
 * What one rule says of a token: `reasons` is empty where the rule takes it. `scope`: what it gives, as far as its
 * maker may do it.
 */
type Verdict = { rule: TrustRule; scope: StoredScope; reasons: string[] }
export type Examined = { issuer?: string; subject?: string; claims?: Claims; problem?: string; verdicts: Verdict[] }

/**
 * What a token would get from the rules of its issuer in one project, or everywhere, and why not. Nothing is noted, and
 * no token is used up. For administrators: reasons name the claims of rules.
 */
export async function examine(options: AdmitOptions, text: string, projectId?: number): Promise<Examined> {
  const { reader, limits } = options
  try {
    const token = readToken(text, limits.tokenBytes)
    const check = openSignatureCheck(options.issuers, token)
    const always = problemOf(() => checkTimes(token, limits, Date.now()))
    const verdicts: Verdict[] = []
    for await (const rule of rulesOf(reader.db, token.issuer, projectId)) {
      const unsigned = await check(rule.jwks)
      const scope = await scopeLeft(reader, rule)
      const reasons = [
        ...(rule.isDisabled ? ['the rule is disabled'] : []),
        ...(unsigned ? [unsigned.message] : []),
        ...always,
        ...reasonsAgainst(rule, token.claims),
        ...(Object.keys(scope.projects).length > 0
          ? []
          : ['its maker may do nothing of it, or is gone: save it again']),
      ]
      verdicts.push({ rule, scope, reasons })
      if (verdicts.length === mostVerdicts) break
    }
    const { issuer, subject, claims } = token
    return { issuer, subject, claims, verdicts }
  } catch (error) {
    if (error instanceof TokenRefused) return { problem: error.message, verdicts: [] }
    throw error
  }
}

/** The most rules that an examination tells of. */
const mostVerdicts = 1000

function problemOf(check: () => void): string[] {
  try {
    check()
    return []
  } catch (error) {
    if (error instanceof TokenRefused) return [error.message]
    throw error
  }
}

/** What of a rule's scope its maker may do now. */
async function scopeLeft(reader: Reader, { makerId, scope }: TrustRule): Promise<StoredScope> {
  const maker = makerId === null ? undefined : await findAccountRights(reader, makerId)
  if (!maker || maker.isDisabled) return { system: [], projects: {} }
  const left = Object.entries(scope.projects)
    .map(([place, held]) => [place, held.filter((one) => mayGive(maker, place, one))] as const)
    .filter(([, held]) => held.length > 0)
  return { system: [], projects: Object.fromEntries(left) }
}

/** Whether these rights allow `resource:action` in the project of this id, or in all (`*`), public or not. */
export function mayGive(maker: Rights, place: string, right: string): boolean {
  const [resource, action] = right.split(':') as [never, never]
  if (place === '*') return mayInEvery(maker, resource, action)
  return mayInProject(maker, { id: Number(place), name: '', isPublic: false }, resource, action)
}
