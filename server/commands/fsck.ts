import type { Command } from './command.ts'
import type { Db } from '../platform/db/db.ts'
import type { Finding, FsckReport } from './fsck/check.ts'
import type { Queued } from './fsck/repair.ts'
import { withGround } from './ground.ts'
import { print, printJson } from './terminal.ts'

type Given = { digests?: boolean; json?: boolean; repair?: boolean }

export const fsck: Command<Given> = {
  name: 'fsck',
  about: 'compare storage and database in both directions; changes nothing without --repair',
  options: [
    { flags: '--digests', about: 'read and hash every stored byte as well' },
    { flags: '--repair', about: 'write lost small files again; hand what is left over to the next garbage collection' },
    { flags: '--json', about: 'as JSON' },
  ],
  run: async ({ digests = false, json = false, repair = false }, call) => {
    const { checkStorage } = await import('./fsck/check.ts')
    const { queueLitter } = await import('./fsck/repair.ts')
    const { flushUnsynced } = await import('../registry/local/unsynced/flush.ts')
    await withGround(call, async ({ db, blobs }) => {
      const files = repair ? await flushUnsynced({ db, blobs }) : undefined
      const isShown = process.stderr.isTTY && !json
      const progress = isShown ? { onProgress: showProgress } : {}
      const report = await checkStorage({ db, blobs, readsDigests: digests, ...progress })
      if (isShown) process.stderr.write('\r\x1b[K')
      const queued = repair ? await queueLitter(db, report.findings) : undefined
      if (json) printJson({ ...report, ...(queued ? { queued } : {}), ...(files ? { files } : {}) })
      else printReport(report, queued, digests ? 'read and compared' : 'compared by size')
      if (files && !json) print(`small files: ${files.synced} synced, ${files.healed} written again from the database`)
      process.exitCode = countLosses(report) > 0 ? 1 : 0
      await keep(db, report, digests)
    })
  },
}

/** Keeps the result for the portal. The report is printed by now, and stays good when this fails. */
async function keep(db: Db, report: FsckReport, readsDigests: boolean): Promise<void> {
  const { saveStorageCheck } = await import('../features/system/index.ts')
  const { findings, blobs, artifacts, tags, bytes } = report
  const linesOf = (wanted: Finding['kind']) => findings.flatMap(({ kind, what }) => (kind === wanted ? [what] : []))
  const found = { losses: linesOf('loss'), leftovers: linesOf('litter') }
  await saveStorageCheck(db, { readsDigests, blobs, artifacts, tags, bytes, ...found }).catch((error: unknown) =>
    process.stderr.write(`the result is printed, but not kept for the portal: ${String(error)}\n`),
  )
}

function showProgress(done: number, total: number): void {
  if (done % 50 === 0) process.stderr.write(`\r${done} of ${total} checked`)
}

function printReport(report: FsckReport, queued: Queued | undefined, how: string): void {
  const { findings, artifacts, tags, blobs, bytes } = report
  const lost = countLosses(report)
  for (const { kind, what } of findings) print(`${kind}: ${what}`)
  const seen = `${artifacts} artifacts, ${tags} tags, ${blobs} blobs with ${bytes} bytes ${how}`
  print(`${seen}: ${lost} lost, ${findings.length - lost} left over`)
  if (!queued) return
  const { files, blobs: unheld, holds } = queued
  print(`left to the next garbage collection: ${files} files, ${unheld} blobs, ${holds} holds of repositories`)
}

const countLosses = ({ findings }: FsckReport) => findings.filter(({ kind }) => kind === 'loss').length
