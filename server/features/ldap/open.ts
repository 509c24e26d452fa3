import { readFile } from 'node:fs/promises'
import type { Outbound } from '../../platform/outbound/outbound.ts'
import { openDirectory, type Directory } from './directory.ts'

type Rules = {
  ldap: {
    startTls: boolean
    ca: string | undefined
    inChain: boolean
    pageEntries: number
    entries: number
    groupDepth: number
  }
  identity: { answerMs: number; callsAtOnce: number }
}

/** The directory that the settings name. Has no effects: it is connected to when it is asked. */
export function directoryOf({ ldap, identity }: Rules, outbound: Outbound): Directory {
  const { ca, ...rules } = ldap
  return openDirectory({
    ...rules,
    ...identity,
    outbound,
    // Read each time, so that a renewed certificate counts at once.
    readCa: async () => (ca === undefined ? undefined : readFile(ca, 'utf8')),
  })
}
