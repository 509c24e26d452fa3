/**
 * Named places where a test may end the process, to prove what a crash there leaves behind. All are off unless
 * MARINA_FAILPOINTS names them: `blob.renamed=3` kills at the third pass, `blob.renamed=3,manifest.saved=1` at the
 * first of both. failpoint.test.ts compares this list with the code.
 */
export const failpoints = [
  'upload.created', // F01: the upload is known, 202 not yet sent
  'upload.appended', // F02: bytes of a PATCH are stored, its row not yet updated
  'blob.written', // F03, F04: the bytes are under their key, the database does not know
  'blob.linked', // F05: inside the transaction, after the blob row and before the repository's link commits
  'blob.recorded', // F05: a small blob is committed with its bytes, its file not yet written, 201 not yet sent
  'manifest.saved', // F06: inside the transaction, artifact saved, tag not yet moved
  'tag.moved', // F07: inside the transaction, tag moved, event not yet written
  'manifest.committed', // F07: committed, 201 not yet sent
  'artifact.dropped', // F08: inside the transaction of a delete
  'delete.committed', // F08: committed, 202 not yet sent
  'collect.marked', // F09: inside the transaction that judges blobs, their rows deleted
  'collect.doomed', // F10: the rows are gone, the bytes are there
  'collect.removed', // F10: the bytes are gone, which is not yet noted
  'sbom.saved', // S4-31: inside the transaction, the SBOM in the place of the one before, its report not yet written
  'masking.page', // inside the transaction, a page of the audit log is masked, its cursor not yet moved
  'report.saved', // inside the transaction, what a scanner has found is saved, and not yet told of
  'vulndb.written', // a part of a database of vulnerabilities is written beside the one in use
  'vulndb.switched', // inside the transaction that takes a database of vulnerabilities into use
  'vulndb.page', // the reports of a page of images are brought to a new database of vulnerabilities, and committed
] as const

type Failpoint = (typeof failpoints)[number]

let armed: Map<string, number> | undefined

/** Arms the failpoints of a `name=count,...` text. Throws an Error that names an unknown one. */
export function armFailpoints(text: string): void {
  armed = new Map(
    text.split(',').map((part) => {
      const [name = '', count = '1'] = part.split('=')
      if (!failpoints.includes(name as Failpoint) || !/^[1-9]\d*$/.test(count))
        throw new Error(`no such failpoint: ${part}`)
      return [name, Number(count)]
    }),
  )
}

/** Kills the process when this failpoint is armed and its count is reached. Costs one comparison otherwise. */
export function failpoint(name: Failpoint): void {
  if (!armed) return
  const left = armed.get(name)
  if (left === undefined) return
  armed.set(name, left - 1)
  if (left === 1) process.kill(process.pid, 'SIGKILL')
}
