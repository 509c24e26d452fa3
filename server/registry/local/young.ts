import { randomBytes, randomUUID } from 'node:crypto'
import type { RepositoryName } from '../../../oci/reference.ts'
import { DatabaseUnavailable } from '../../platform/db/db.ts'
import type { NewUpload } from './start.ts'

/** How long a new upload needs no row, in ms: the bytes of a small blob usually come whole before that. */
const rowlessMs = 200
/** How often this process looks for uploads that need a row by now, in ms. */
const lookMs = 100
/** The most uploads without a row; a further one is written at once. */
const most = 10_000

/** An upload that one request of this process finishes, before it has a row. */
export type Taken = {
  claim: string
  algorithm: NewUpload['algorithm']
  /**
   * To be called before the blob is recorded: no row is written from now on. True when there is one, which has to be
   * dropped with the record.
   */
  seal(): Promise<boolean>
  /** The upload has become a blob, or was given up. */
  end(): void
  /** The upload goes on without this request. True when it has a row by now, whose claim is to be given back. */
  release(): Promise<boolean>
}

export type YoungUploads = {
  newId(): string
  /** True when the row of this upload may still be on its way from another process. */
  mayArrive(id: string): boolean
  /** Notes a new upload. Returns at once, unless other processes have to know it. */
  begin(upload: NewUpload): Promise<void>
  /** For a request that brings all bytes; undefined for an upload that has a row, and for one that is taken. */
  take(name: RepositoryName, id: string): Taken | undefined
  /** Waits until the upload has a row, where it is known to this process alone. */
  written(id: string): Promise<void>
  /** Gives every upload a row. */
  close(): Promise<void>
}

type Young = {
  upload: NewUpload
  begun: number
  claim?: string
  /** While the row is written: whether it was. */
  row?: Promise<boolean>
  /** While the blob is recorded. */
  sealed?: PromiseWithResolvers<void>
}

type Known = Map<string, Young>
type Write = (upload: NewUpload) => Promise<void>

/**
 * New uploads that only this process knows. Clients that push small blobs send POST, and at once PUT with all bytes:
 * then no row has to be written, claimed and dropped. An upload that lasts longer, or that another request asks
 * about, gets its row, and is handled by that from then on. While other processes serve (`isAlone` is false), each
 * upload has its row at once, because its next request may come to one of them.
 */
export function openYoungUploads(write: Write, isAlone: () => boolean): YoungUploads {
  const all: Known = new Map()
  const give = (id: string, young: Young) => giveRow(all, write, id, young)
  const tag = randomBytes(3).toString('hex')
  let looking: NodeJS.Timeout | undefined

  return {
    newId: () => randomUUID().slice(0, -tag.length) + tag,
    mayArrive: (id) => !isAlone() && !id.endsWith(tag),
    async begin(upload) {
      if (!isAlone() || all.size >= most) return write(upload)
      all.set(upload.id, { upload, begun: performance.now() })
      looking ??= setTimeout(look, lookMs).unref()
    },
    take(name, id) {
      const young = all.get(id)
      if (!young || young.upload.name !== name || young.claim !== undefined || young.row) return undefined
      const claim = (young.claim = randomUUID())
      return { claim, algorithm: young.upload.algorithm, ...holding(all, id, young) }
    },
    async written(id) {
      for (let young = all.get(id); young; young = all.get(id)) {
        if (young.sealed) await young.sealed.promise
        else if (await give(id, young)) return
      }
    },
    async close() {
      clearTimeout(looking)
      await Promise.all([...all].map(([id, young]) => give(id, young).catch(() => undefined)))
    },
  }

  function look(): void {
    const until = performance.now() - rowlessMs
    for (const [id, young] of all) {
      if (young.begun > until) break
      // A database that cannot be reached is asked again.
      if (!young.row && !young.sealed) give(id, young).catch(() => {})
    }
    looking = all.size > 0 ? setTimeout(look, lookMs).unref() : undefined
  }
}

function holding(all: Known, id: string, young: Young): Pick<Taken, 'seal' | 'end' | 'release'> {
  const unseal = () => {
    young.sealed?.resolve()
    delete young.sealed
  }
  return {
    async seal() {
      const isWritten = young.row && (await young.row)
      young.sealed = Promise.withResolvers()
      return isWritten ?? false
    },
    end() {
      all.delete(id)
      unseal()
    },
    async release() {
      delete young.claim
      const isWritten = (await young.row?.catch(() => false)) ?? false
      if (isWritten) all.delete(id)
      unseal()
      return isWritten
    },
  }
}

/** Writes the row with the claim that there is now. Rejects when the database cannot be reached. */
async function giveRow(all: Known, write: Write, id: string, young: Young): Promise<boolean> {
  young.row ??= write({ ...young.upload, claim: young.claim }).then(
    () => true,
    (error: unknown) => {
      delete young.row
      if (error instanceof DatabaseUnavailable) throw error
      // Its project is gone, and the upload with it.
      all.delete(id)
      return false
    },
  )
  const isWritten = await young.row
  if (young.claim === undefined) all.delete(id)
  return isWritten
}
