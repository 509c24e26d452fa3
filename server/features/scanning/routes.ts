import { Type } from 'typebox'
import { ListQuery, ProjectEither } from '../../../api/requests.ts'
import { IsDefault, ProjectScanner, ScannerAdapterMetadata, ScannerRegistration, ScannerRegistrationReq, ScannerRegistrationSettings } from '../../../api/scanners.ts'
import type { Db } from '../../platform/db/db.ts'
import { listing, type ListQuery as Asked } from '../../platform/db/listing.ts'
import { Failure } from '../../platform/http/failure.ts'
import { pageHeaders } from '../../platform/http/paging.ts'
import type { Outbound } from '../../platform/outbound/outbound.ts'
import { actorOf } from '../../registry/caller.ts'
import { route } from '../access/index.ts'
import { chooseFor, createScanner, deleteScanner, opened, setDefault, updateScanner, type Seal } from './actions.ts'
import { askMetadata } from './adapter.ts'
import { scannerProblem, type AuthKind, type NewScanner } from './rules.ts'
import { findScanner, findScannerOfProject, listScanners, scannerFields, scannerOrder, type Scanner } from './store.ts'
import { parseScanner, presentMetadata, presentScanner } from './wire.ts'

const tag = 'scanner'
const path = '/scanners/{registration_id}'
const ofProject = '/projects/{project_name_or_id}/scanner'
const uuidForm = '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$'
const ScannerId = Type.Object({ registration_id: Type.String({ pattern: uuidForm }) })
const fresh: NewScanner = { name: '', description: '', url: '', auth: '', credential: '', skipsTlsCheck: false, usesInternalAddress: false, isDisabled: false }

export function scannerRoutes({ db, seal, outbound }: { db: Db; seal: Seal; outbound: Outbound }) {
  return [
    route({
      id: 'listScanners', tag, method: 'GET', path: '/scanners', access: { system: 'scanner', verb: 'list' },
      summary: 'List the scanners',
      schema: { query: ListQuery, answers: { 200: Type.Array(ScannerRegistration) } },
      handler: ({ query, header }) => answerList('/scanners', query, header),
    }),
    route({
      id: 'createScanner', tag, method: 'POST', path: '/scanners', access: { system: 'scanner', verb: 'create' },
      summary: 'Register a scanner; the first one becomes the default',
      schema: { body: ScannerRegistrationReq, answers: { 201: null } },
      async handler({ body, caller, header }) {
        header('location', `/api/v2.0/scanners/${await createScanner(db, seal, actorOf(caller), { ...fresh, ...parseScanner(body) })}`)
        return { status: 201 }
      },
    }),
    route({
      id: 'pingScanner', tag, method: 'POST', path: '/scanners/ping', access: { system: 'scanner', verb: 'read' },
      summary: 'Ask a scanner that is not registered yet whether it answers',
      schema: { body: ScannerRegistrationSettings, answers: { 200: null } },
      async handler({ body: { name = '', url = '', auth = '', access_credential: credential = '' } }) {
        const problem = scannerProblem({ name, description: '', url, auth, credential })
        if (problem) throw new Failure('BAD_REQUEST', problem)
        await askMetadata(outbound, { url, auth: auth as AuthKind, credential, skipsTlsCheck: false })
        return { status: 200 }
      },
    }),
    route({
      id: 'getScanner', tag, method: 'GET', path, access: { system: 'scanner', verb: 'read' },
      summary: 'Get a scanner; its credential is never shown',
      schema: { params: ScannerId, answers: { 200: ScannerRegistration } },
      handler: async ({ params }) => ({ status: 200, body: presentScanner(await getScanner(params.registration_id)) }),
    }),
    route({
      id: 'updateScanner', tag, method: 'PUT', path, access: { system: 'scanner', verb: 'update' },
      summary: 'Change a scanner; what is left out stays',
      schema: { params: ScannerId, body: ScannerRegistrationReq, answers: { 200: null } },
      async handler({ params, body, caller }) {
        await updateScanner(db, seal, actorOf(caller), await getScanner(params.registration_id), parseScanner(body))
        return { status: 200 }
      },
    }),
    route({
      id: 'deleteScanner', tag, method: 'DELETE', path, access: { system: 'scanner', verb: 'delete' },
      summary: 'Delete a scanner; projects that had chosen it fall back to the default',
      schema: { params: ScannerId, answers: { 200: ScannerRegistration } },
      async handler({ params, caller }) {
        const scanner = await getScanner(params.registration_id)
        await deleteScanner(db, actorOf(caller), scanner)
        return { status: 200, body: presentScanner(scanner) }
      },
    }),
    route({
      id: 'setScannerAsDefault', tag, method: 'PATCH', path, access: { system: 'scanner', verb: 'update' },
      summary: 'Make a scanner the default of every project that has chosen none',
      schema: { params: ScannerId, body: IsDefault, answers: { 200: null } },
      async handler({ params, body, caller }) {
        const scanner = await getScanner(params.registration_id)
        if (body.is_default !== undefined) await setDefault(db, actorOf(caller), scanner, body.is_default)
        return { status: 200 }
      },
    }),
    route({
      id: 'getScannerMetadata', tag, method: 'GET', path: `${path}/metadata`, access: { system: 'scanner', verb: 'read' },
      summary: 'Ask a scanner who it is and what it can do',
      schema: { params: ScannerId, answers: { 200: ScannerAdapterMetadata } },
      handler: async ({ params }) => ({ status: 200, body: await askMetadata(outbound, opened(seal, await getScanner(params.registration_id))) }),
    }),
    route({
      id: 'getScannerOfProject', tag: 'project', method: 'GET', path: ofProject, access: { project: 'scanner', verb: 'read' },
      summary: 'The scanner of a project, its own choice or the default, and whether it answers; empty when there is none',
      schema: { params: ProjectEither, answers: { 200: ScannerRegistration } },
      async handler({ project }) {
        const scanner = await findScannerOfProject(db, project.id)
        if (!scanner) return { status: 200, body: {} }
        const metadata = await askMetadata(outbound, opened(seal, scanner)).catch((error: unknown) => {
          if (error instanceof Failure) return undefined
          throw error
        })
        return { status: 200, body: { ...presentScanner(scanner), ...presentMetadata(metadata) } }
      },
    }),
    route({
      id: 'setScannerOfProject', tag: 'project', method: 'PUT', path: ofProject, access: { project: 'scanner', verb: 'create' },
      summary: 'Choose the scanner of a project',
      schema: { params: ProjectEither, body: ProjectScanner, answers: { 200: null } },
      async handler({ project, body: { uuid = '' }, caller }) {
        if (!new RegExp(uuidForm).test(uuid)) throw new Failure('BAD_REQUEST', 'uuid is the id of a scanner')
        await chooseFor(db, actorOf(caller), project.id, await getScanner(uuid))
        return { status: 200 }
      },
    }),
    route({
      id: 'listScannerCandidatesOfProject', tag: 'project', method: 'GET', path: `${ofProject}/candidates`, access: { project: 'scanner', verb: 'create' },
      summary: 'List the scanners that a project can choose',
      schema: { params: ProjectEither, query: ListQuery, answers: { 200: Type.Array(ScannerRegistration) } },
      handler: ({ project, query, header }) => answerList(`/projects/${project.name}/scanner/candidates`, query, header),
    }),
  ]

  async function answerList(place: string, query: Asked, header: (name: string, value: string) => void) {
    const asked = listing(scannerFields, query, scannerOrder)
    const { scanners, total } = await listScanners(db, asked)
    pageHeaders(`/api/v2.0${place}`, query, asked.page, asked.pageSize, total, header)
    return { status: 200, body: scanners.map(presentScanner) }
  }

  async function getScanner(id: string): Promise<Scanner> {
    const scanner = await findScanner(db, id)
    if (!scanner) throw new Failure('NOT_FOUND', `there is no scanner ${id}`)
    return scanner
  }
}
