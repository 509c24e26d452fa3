import type { Blob, Image } from './image.ts'

/**
 * What clients did to one image. In state `pushing` or `deleting` no client got an answer, so that a crash may leave
 * either result, but not half of it. `busy`: clients that rely on the image now.
 */
export type Held = {
  repository: string
  image: Image
  state: 'pushing' | 'there' | 'deleting' | 'gone'
  pushes: { started: number; acknowledged: number }
  deletes: { started: number; acknowledged: number }
  /** All tags that it was ever pushed to. */
  tags: Set<string>
  busy: number
}

/** A change of a tag. `onlyIf`: deleting a manifest ends the tag only if it pointed at this digest. */
type Write = { value: string | null; start: number; end: number; isAcknowledged: boolean; onlyIf?: string }

export type TagKey = `${string}:${string}`

/**
 * A chunked upload without an answer to its end. `sent` and `acknowledged` in bytes. `isOver`: Marina has said that the
 * upload is unknown. `mayBeOver`: its end was requested, and later a client tried to resume it. `mayBeLost`: PostgreSQL
 * was killed, too; rows of uploads do not wait for the disk, so that the upload may be lost in part or whole.
 */
export type OpenUpload = {
  repository: string
  location: string
  blob: Blob
  sent: number
  acknowledged: number
  isOver?: true
  mayBeOver?: true
  mayBeLost?: true
}

/** All requests of the clients and their answers, ordered by one clock. */
export type History = ReturnType<typeof openHistory>

export function openHistory() {
  const images = new Map<string, Held>()
  const tags = new Map<TagKey, Write[]>()
  const tagDeletes = new Map<TagKey, { started: number; acknowledged: number }>()
  const uploads = new Set<OpenUpload>()
  const touched = new Set<Held>()
  const violations: string[] = []
  let clock = 1

  const writesOf = (key: TagKey): Write[] => {
    const found = tags.get(key) ?? [{ value: null, start: 0, end: 0, isAcknowledged: true }]
    tags.set(key, found)
    return found
  }

  /** True when `later` began after `earlier` had ended, and has certainly replaced it. */
  const replaces = (later: Write, earlier: Write) =>
    later.isAcknowledged && later.start > earlier.end && (later.onlyIf === undefined || later.onlyIf === earlier.value)

  return {
    images,
    tags,
    tagDeletes,
    uploads,
    touched,
    violations,
    now: () => clock++,

    violate: (what: string) => void violations.push(what),

    hold(repository: string, image: Image): Held {
      const key = `${repository}@${image.digest}`
      const held = images.get(key) ?? {
        repository,
        image,
        state: 'pushing' as const,
        pushes: none(),
        deletes: none(),
        tags: new Set<string>(),
        busy: 0,
      }
      images.set(key, held)
      touched.add(held)
      return held
    },

    find: (repository: string, digest: string) => images.get(`${repository}@${digest}`),

    /** Notes that a tag is about to change. The returned function notes that the change was acknowledged or refused. */
    write(repository: string, tag: string, value: string | null, onlyIf?: string): (isDone: boolean) => void {
      const key: TagKey = `${repository}:${tag}`
      const writes = writesOf(key)
      const write: Write = {
        value,
        start: clock++,
        end: Infinity,
        isAcknowledged: false,
        ...(onlyIf ? { onlyIf } : {}),
      }
      writes.push(write)
      return (isDone) => {
        if (!isDone) return void writes.splice(writes.indexOf(write), 1)
        write.end = clock++
        write.isAcknowledged = true
      }
    },

    countTagDelete(repository: string, tag: string) {
      const key: TagKey = `${repository}:${tag}`
      const count = tagDeletes.get(key) ?? none()
      tagDeletes.set(key, count)
      return count
    },

    /** True when a read of a tag between two moments may give this digest; null stands for "no such tag". */
    mayRead(key: TagKey, value: string | null, start: number, end: number): boolean {
      const writes = writesOf(key)
      const isOver = (write: Write) => writes.some((later) => later.end < start && replaces(later, write))
      return writes.some((write) => write.value === value && write.start < end && !isOver(write))
    },

    /** After a check no change is open: the value seen now is the only one from which the next round starts. */
    settle(key: TagKey, value: string | null) {
      tags.set(key, [{ value, start: 0, end: 0, isAcknowledged: true }])
    },

    acknowledged() {
      let [pushes, deletes] = [0, 0]
      for (const held of images.values()) {
        pushes += held.pushes.acknowledged
        deletes += held.deletes.acknowledged
      }
      return { pushes, deletes }
    },
  }
}

const none = () => ({ started: 0, acknowledged: 0 })
