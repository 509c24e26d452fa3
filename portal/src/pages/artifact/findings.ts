/** The findings of a report of vulnerabilities, as scanners write it. Pure. */

export type Finding = {
  id: string
  package: string
  version: string
  /** '' without a fix. */
  fixed: string
  severity: string
  /** CVSS v3, 0 to 10. */
  score: number | undefined
  description: string
  links: string[]
}

/** From the worst to the least. */
const order = ['Critical', 'High', 'Medium', 'Low', 'Negligible', 'Unknown', 'None']

type Reported = {
  id?: string
  package?: string
  version?: string
  fix_version?: string
  severity?: string
  description?: string
  links?: string[]
  preferred_cvss?: { score_v3?: number | null }
}

/** What the addition `vulnerabilities` answers: a report under its media type, or {}. The worst findings are first. */
export function findingsOf(addition: unknown): Finding[] {
  const [report] = Object.values((addition ?? {}) as Record<string, { vulnerabilities?: Reported[] | null }>)
  const found = (report?.vulnerabilities ?? []).map((one) => ({
    id: one.id ?? '',
    package: one.package ?? '',
    version: one.version ?? '',
    fixed: one.fix_version ?? '',
    severity: one.severity ?? 'Unknown',
    score: one.preferred_cvss?.score_v3 ?? undefined,
    description: one.description ?? '',
    links: one.links ?? [],
  }))
  return found.sort(
    (a, b) => rank(a) - rank(b) || (b.score ?? 0) - (a.score ?? 0) || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0),
  )
}

const rank = ({ severity }: Finding): number => {
  const at = order.indexOf(severity)
  return at < 0 ? order.length : at
}

type Wanted = { text: string; severity: string; fixableOnly: boolean }

/** Those whose id or package contains the text, of one severity; '' takes all. */
export function chooseFindings(all: readonly Finding[], { text, severity, fixableOnly }: Wanted): Finding[] {
  const wanted = text.trim().toLowerCase()
  return all.filter(
    (one) =>
      (severity === '' || one.severity === severity) &&
      (!fixableOnly || one.fixed !== '') &&
      (wanted === '' || `${one.id} ${one.package}`.toLowerCase().includes(wanted)),
  )
}

type Allowlist = { items: readonly { cve_id: string }[]; expires_at?: number }

/** The ids that a list excepts now: none when it has expired. `now` in ms. */
export const exceptedBy = ({ items, expires_at: end }: Allowlist, now: number): ReadonlySet<string> =>
  new Set(end !== undefined && end * 1000 <= now ? [] : items.map(({ cve_id: id }) => id))
