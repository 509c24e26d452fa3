import { checkKey, type BlobInfo, type ByteRange, type Stage } from './blobs.ts'

const uuidForm = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** Throws TypeError unless `id` is a UUID in lower case, as drivers make paths of it. */
export function checkStageId(id: string): string {
  if (!isStageId(id)) throw new TypeError(`not a stage id: ${JSON.stringify(id.slice(0, 80))}`)
  return id
}

export function isStageId(id: string): boolean {
  return uuidForm.test(id)
}

export function checkStage(stage: Stage): Stage {
  checkStageId(stage.id)
  if (!Number.isSafeInteger(stage.size) || stage.size < 0) throw new TypeError(`not a stage size: ${stage.size}`)
  return stage
}

/** Whether a name found in storage can be a key: buckets may also hold folder markers and other programs' objects. */
export function isKey(name: string): boolean {
  try {
    return checkKey(name) === name
  } catch {
    return false
  }
}

const prefixForm = /^(?:[A-Za-z0-9_-][A-Za-z0-9._-]*\/?)*$/

/** Throws TypeError unless `prefix` is `''` or whole segments of a key; returns it without a trailing slash. */
export function checkPrefix(prefix: string): string {
  if (prefix.length > 512 || !prefixForm.test(prefix))
    throw new TypeError(`not a key prefix: ${JSON.stringify(prefix.slice(0, 80))}`)
  return prefix.replace(/\/$/, '')
}

/** The part of `range` that lies inside `size` bytes. RangeError when none does (what HTTP answers with 416). */
export function clampRange(range: ByteRange, { size }: Pick<BlobInfo, 'size'>): ByteRange {
  const { start, end } = checkRange(range)
  if (start >= size) throw new RangeError(`range ${start}-${end} lies beyond the ${size} bytes stored`)
  return { start, end: Math.min(end, size - 1) }
}

export function checkRange(range: ByteRange): ByteRange {
  const { start, end } = range
  if (!Number.isSafeInteger(start) || !Number.isSafeInteger(end) || start < 0 || end < start) {
    throw new RangeError(`not a byte range: ${start}-${end}`)
  }
  return range
}
