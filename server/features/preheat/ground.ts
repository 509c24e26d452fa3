import type { Reader } from '../../catalog/reader.ts'
import type { Db } from '../../platform/db/db.ts'
import type { Outbound } from '../../platform/outbound/outbound.ts'
import type { IssueCredential } from './credentials.ts'
import { jobTypes, type JobTypes } from './runs/jobs.ts'

/** Encrypts and decrypts secrets that are stored in the database. */
export type Seal = { seal(plain: string, purpose: string): string; unseal(sealed: string, purpose: string): string }

/** Settings of preheating (config/preheat.ts). */
type PreheatRules = {
  /** Calls of services that one process makes at once. */
  atOnce: number
  /** How long one call may take, in ms, and the longest answer, in bytes. */
  callTimeoutMs: number
  answerBytes: number
  /** How often a service is asked how far it is, and how long it may take for one image, in ms. */
  pollMs: number
  timeoutMs: number
  /** Tries of a task, and the pause after the first that failed, in ms; it doubles. */
  tries: number
  backOffMs: number
}

/** What the roof lends to this feature. `registryUrl`: where services pull images from. */
export type Lent = {
  db: Db
  reader: Reader & { db: Db }
  seal: Seal
  outbound: Outbound
  rules: PreheatRules
  registryUrl: string
  issueCredential: IssueCredential
}

/** What the parts of this feature need. */
export type Ground = Lent & { types: JobTypes }

export const openGround = (lent: Lent): Ground => ({ ...lent, types: jobTypes(lent.rules) })
