import type { AnswerOf } from '../../../../api/operation.ts'
import type { listWorkloadRules } from '../../../../api/workloads.ts'
import { forget } from '../../lib/query.ts'
import type { Values } from '../../ui/form.tsx'

export type Rule = AnswerOf<typeof listWorkloadRules>[number]
type ClaimRule = Rule['claims'][number]

/** Where the rules belong: a project, by its name, or the system when there is none. */
export type Owner = string | undefined

/** Asks again for what is shown of trust rules. */
export const forgetRules = (owner: Owner): void =>
  forget(owner === undefined ? '/workloads' : `/projects/${owner}/workloads`)

/** `repository_owner = acme, ref ~ refs/heads/*`. */
export const claimsInWords = (claims: readonly ClaimRule[]): string =>
  claims
    .map(({ claim, equals, matches }) => `${claim} ${equals === undefined ? `~ ${matches}` : `= ${equals}`}`)
    .join(', ')

/** What is typed of one claim. */
export type ClaimDraft = { claim: string; how: 'equals' | 'matches'; value: string }

export const draftOfClaim = ({ claim, equals, matches }: ClaimRule): ClaimDraft =>
  equals === undefined ? { claim, how: 'matches', value: matches ?? '' } : { claim, how: 'equals', value: equals }

/** The lines that somebody filled. */
export const claimsOf = (drafts: readonly ClaimDraft[]): ClaimRule[] =>
  drafts
    .filter(({ claim, value }) => claim.trim() !== '' || value.trim() !== '')
    .map(({ claim, how, value }) => ({ claim: claim.trim(), [how]: value.trim() }))

/** One pattern a line. */
const linesOf = (text: string): string[] =>
  text
    .split('\n')
    .map((one) => one.trim())
    .filter((one) => one !== '')

/** Where tokens of a pipeline come from, and what most rules for it say. */
export const vendors = {
  github: {
    issuer: 'https://token.actions.githubusercontent.com',
    claims: [
      { claim: 'repository', how: 'equals', value: '' },
      { claim: 'ref', how: 'equals', value: 'refs/heads/main' },
    ],
  },
  gitlab: {
    issuer: 'https://gitlab.com',
    claims: [
      { claim: 'project_path', how: 'equals', value: '' },
      { claim: 'ref_protected', how: 'equals', value: 'true' },
    ],
  },
  kubernetes: {
    issuer: '',
    claims: [{ claim: 'sub', how: 'equals', value: 'system:serviceaccount:namespace:name' }],
  },
  other: { issuer: '', claims: [{ claim: 'sub', how: 'equals', value: '' }] },
} as const satisfies Record<string, { issuer: string; claims: readonly ClaimDraft[] }>

export type Vendor = keyof typeof vendors
export const vendorNames = Object.keys(vendors) as Vendor[]

/** The texts of the form, as the API takes them. */
export const textsOf = ({
  name = '',
  description = '',
  issuer = '',
  audience = '',
  repositories = '',
  minutes = '',
  jwks = '',
  once,
}: Values) => ({
  name: name.trim(),
  description,
  issuer: issuer.trim(),
  audience: audience.trim(),
  repositories: linesOf(repositories),
  duration: Math.round(Number(minutes) * 60),
  one_use: once === 'on',
  ...(jwks.trim() === '' ? {} : { jwks: jwks.trim() }),
})
