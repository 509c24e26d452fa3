import { choreOperations } from './chores.ts'
import { operation } from './operation.ts'
import { Type } from './type.ts'

const tag = 'vulndb'
const path = '/system/vulndb'
const count = Type.Integer()
const time = Type.String({ format: 'date-time' })

/** Importing is a chore: on request (`type` Manual) or by a schedule. `parameters.source`: the artifact to read. */
export const imports = choreOperations({
  tag,
  path: `${path}/imports`,
  param: 'import_id',
  words: {
    listRuns: { id: 'listVulndbImports', summary: 'List the imports of databases of vulnerabilities' },
    getSchedule: { id: 'getVulndbSchedule', summary: 'Get the schedule of imports; {} without one' },
    createSchedule: {
      id: 'createVulndbSchedule',
      summary: 'Import an artifact as the database of vulnerabilities now (type Manual), or by a schedule',
    },
    updateSchedule: { id: 'updateVulndbSchedule', summary: 'Change the schedule, or end it (type None)' },
    getRun: { id: 'getVulndbImport', summary: 'Get an import' },
    stopRun: { id: 'stopVulndbImport', summary: 'Stop an import; the database in use stays' },
    getRunLog: { id: 'getVulndbImportLog', summary: 'Read the log of an import, as far as it is written' },
  },
})

const Generation = Type.Object({
  id: Type.Integer(),
  source: Type.String({ description: 'repository@digest of the artifact that it was read from' }),
  imported_at: Type.Optional(time),
  data_at: Type.Optional(Type.String({ format: 'date-time', description: 'the newest change of a record' })),
  advisories: count,
  packages: count,
  scores: Type.Integer({ description: 'vulnerabilities with EPSS scores or in the catalog of CISA' }),
  statements: Type.Integer({ description: 'statements of OpenVEX documents' }),
  skipped: Type.Record(Type.String(), count, { description: 'records that were left out, by the reason' }),
  ecosystems: Type.Record(Type.String(), Type.Object({ advisories: count, newest: time })),
})

/** `state`: none, ok or stale. `current`: what is in use; `kept` holds it and the one before. */
export const Vulndb = Type.Object({
  state: Type.String({ description: 'none: nothing was imported; stale: its newest record is too old; else ok' }),
  current: Type.Optional(Generation),
  kept: Type.Array(Generation),
})

export const getVulndb = operation({
  id: 'getVulndb',
  tag,
  method: 'GET',
  path,
  summary: 'What the database of vulnerabilities holds, and how old it is',
  status: 200,
  answer: Vulndb,
})

export const deleteVulndb = operation({
  id: 'deleteVulndb',
  tag,
  method: 'DELETE',
  path,
  summary: 'Delete the database of vulnerabilities; reports then say that there is none',
  status: 200,
})
