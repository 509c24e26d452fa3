import type { Static } from 'typebox'
import * as api from '../../../api/scanners.ts'
import type { Project } from '../../catalog/project.ts'
import type { Db } from '../../platform/db/db.ts'
import { listing, type ListQuery } from '../../platform/db/listing.ts'
import { Failure } from '../../platform/http/failure.ts'
import { created, type Page } from '../../platform/http/reply.ts'
import type { Outbound } from '../../platform/outbound/outbound.ts'
import { actorOf } from '../../registry/caller.ts'
import { route, type ApiRoute } from '../access/index.ts'
import { chooseFor, createScanner, deleteScanner, opened, setDefault, updateScanner, type Seal } from './actions.ts'
import { scannerProblem, type AuthKind, type NewScanner } from './rules.ts'
import { isBuiltIn } from './scanners/trivy/row.ts'
import { askMetadata, dataTimeOf, type Metadata } from './scanners/adapter/metadata.ts'
import {
  findScanner,
  findScannerOfProject,
  listScanners,
  noteDataTime,
  scannerFields,
  scannerOrder,
  type Scanner,
} from './store.ts'
import { parseScanner, presentMetadata, presentScanner } from './wire.ts'

const fresh: NewScanner = {
  name: '',
  description: '',
  url: '',
  auth: '',
  credential: '',
  skipsTlsCheck: false,
  usesInternalAddress: false,
  isDisabled: false,
}

type Ground = {
  db: Db
  seal: Seal
  outbound: Outbound
  /** What a scanner that is no adapter says of itself: Marina's own matcher, or a Trivy beside it. */
  ownMetadata: (scanner: Scanner) => Promise<Metadata>
}
type Registration = Static<typeof api.ScannerRegistration>

/** Scanners of the system, and the one that each project uses. */
export function scannerRoutes(ground: Ground): ApiRoute[] {
  return [...systemRoutes(ground), ...projectRoutes(ground)]
}

function systemRoutes({ db, seal, outbound, ...own }: Ground): ApiRoute[] {
  const may = <Verb extends string>(verb: Verb) => ({ system: 'scanner', verb }) as const
  return [
    route(api.listScanners, may('list'), ({ query }) => list(db, query)),
    route(api.createScanner, may('create'), async ({ body, caller }) =>
      created(await createScanner({ db, seal, outbound }, actorOf(caller), { ...fresh, ...parseScanner(body) })),
    ),
    route(api.pingScanner, may('read'), async ({ body }) => {
      const { name, url, auth = '', access_credential: credential = '' } = body
      const problem = scannerProblem({ name, description: '', url, auth, credential })
      if (problem) throw new Failure('BAD_REQUEST', problem)
      await askMetadata(outbound, { url, auth: auth as AuthKind, credential, skipsTlsCheck: false })
    }),
    route(api.getScanner, may('read'), async ({ params }) =>
      presentScanner(await getScanner(db, params.registration_id)),
    ),
    route(api.updateScanner, may('update'), async ({ params, body, caller }) =>
      updateScanner(
        { db, seal, outbound },
        actorOf(caller),
        await getScanner(db, params.registration_id),
        parseScanner(body),
      ),
    ),
    route(api.deleteScanner, may('delete'), async ({ params, caller }) => {
      const scanner = await getScanner(db, params.registration_id)
      await deleteScanner(db, actorOf(caller), scanner)
      return presentScanner(scanner)
    }),
    route(api.setScannerAsDefault, may('update'), async ({ params, body, caller }) => {
      const scanner = await getScanner(db, params.registration_id)
      if (body.is_default !== undefined) await setDefault(db, actorOf(caller), scanner, body.is_default)
    }),
    route(api.getScannerMetadata, may('read'), async ({ params }) =>
      metadataOf({ db, seal, outbound, ...own }, await getScanner(db, params.registration_id)),
    ),
  ]
}

function projectRoutes({ db, seal, outbound, ...own }: Ground): ApiRoute[] {
  return [
    route(api.getScannerOfProject, { project: 'scanner', verb: 'read' }, ({ project }) => describeScannerOf(project)),
    route(api.setScannerOfProject, { project: 'scanner', verb: 'create' }, async ({ project, body, caller }) => {
      const { uuid } = body
      if (!new RegExp(api.uuidForm).test(uuid)) throw new Failure('BAD_REQUEST', 'uuid must be the id of a scanner')
      await chooseFor(db, actorOf(caller), project.id, await getScanner(db, uuid))
    }),
    route(api.listScannerCandidatesOfProject, { project: 'scanner', verb: 'create' }, ({ query }) => list(db, query)),
  ]

  async function describeScannerOf({ id }: Project): Promise<Partial<Registration>> {
    const scanner = await findScannerOfProject(db, id)
    if (!scanner) return {}
    const metadata = await metadataOf({ db, seal, outbound, ...own }, scanner).catch((error: unknown) => {
      if (error instanceof Failure) return undefined
      throw error
    })
    return { ...presentScanner(scanner), ...presentMetadata(metadata) }
  }
}

/** What a scanner says of itself; Marina's own is not asked by HTTP. Throws BAD_REQUEST. */
async function metadataOf({ db, seal, outbound, ownMetadata }: Ground, scanner: Scanner): Promise<Metadata> {
  const metadata = isBuiltIn(scanner) ? await ownMetadata(scanner) : await askMetadata(outbound, opened(seal, scanner))
  if (!scanner.isOwn) await noteDataTime(db, scanner.id, dataTimeOf(metadata))
  return metadata
}

async function list(db: Db, query: ListQuery): Promise<Page<Registration>> {
  const { rows, total } = await listScanners(db, listing(scannerFields, query, scannerOrder))
  return { rows: rows.map(presentScanner), total }
}

async function getScanner(db: Db, id: string): Promise<Scanner> {
  const scanner = await findScanner(db, id)
  if (!scanner) throw new Failure('NOT_FOUND', `scanner ${id} not found`)
  return scanner
}
