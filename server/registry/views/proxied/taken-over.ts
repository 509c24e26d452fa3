import { DownloadLost } from './following.ts'
import type { Flow } from './types.ts'

/** Gives the flow that a reader goes on with: the download that is under way now, or the stored blob. */
type Joined = () => Promise<Flow>

/** How often a reader is moved to another flow without a byte in between. */
const looks = 5

/** Thrown where two downloads of a blob have different bytes: what was sent of one of them cannot be right. */
class OtherBytes extends Error {
  override name = 'OtherBytes'
}

/**
 * A reader of a download that goes on when the process that fetched is lost: with the download which takes it over, in
 * any process, or with the blob that is stored meanwhile. Undefined when the first flow's bytes are gone already.
 *
 * The digest that is checked is that of the new flow's bytes. So it is compared first with all that readers of the lost
 * one may have got; where a byte differs, the reader fails.
 */
export function followOn(first: Flow, joined: Joined) {
  let release = first.hold()
  if (!release) return undefined
  let isReleased = false

  async function follow(start: number, end: number, send: (bytes: Buffer) => Promise<void>): Promise<void> {
    let [at, looked] = [start, 0]
    const counting = async (bytes: Buffer) => {
      await send(bytes)
      at += bytes.length
      looked = 0
    }
    for (let flow = first; ;) {
      try {
        return await flow.follow(at, end, counting)
      } catch (error) {
        if (!(error instanceof DownloadLost) || isReleased || ++looked > looks) throw error
        flow = await move(flow)
      }
    }
  }

  /** Holds the flow that follows upon a lost one. Throws DownloadLost when that is lost, too, before it can be held. */
  async function move(lost: Flow): Promise<Flow> {
    for (let look = 1; ; look++) {
      const next = await successorOf(lost, joined).catch((error: unknown) => {
        if (!(error instanceof DownloadLost) || look === looks) throw error
        return undefined
      })
      if (isReleased) throw new DownloadLost()
      const held = next?.hold()
      if (next && held) {
        release?.()
        release = held
        return next
      }
      // The successor is over, too.
      successors.delete(lost)
      if (look === looks) throw new DownloadLost()
    }
  }

  return {
    follow,
    release() {
      isReleased = true
      release?.()
    },
  }
}

/** The comparison is made once for all readers of a lost flow. */
const successors = new WeakMap<Flow, Promise<Flow>>()

function successorOf(lost: Flow, joined: Joined): Promise<Flow> {
  const known = successors.get(lost)
  if (known) return known
  const found = succeed(lost, joined)
  successors.set(lost, found)
  found.catch(() => successors.delete(lost))
  return found
}

async function succeed(lost: Flow, joined: Joined): Promise<Flow> {
  const release = lost.hold()
  await lost.over
  const next = await joined().catch((error: unknown) => {
    release?.()
    throw error
  })
  const releaseNext = next.hold()
  try {
    if (!release || !releaseNext) throw new DownloadLost()
    await compare(lost, next)
    return next
  } finally {
    release?.()
    releaseNext?.()
  }
}

/** Waits until the new flow has the bytes that readers of the old one may have got. Throws where they differ. */
async function compare(old: Flow, next: Flow): Promise<void> {
  const end = old.reached()
  let at = 0
  const compareSome = async (bytes: Buffer) => {
    let compared = 0
    await old.follow(at, at + bytes.length - 1, async (before) => {
      if (!before.equals(bytes.subarray(compared, compared + before.length)))
        throw new OtherBytes('two downloads of this blob have different bytes: pull again')
      compared += before.length
    })
    at += bytes.length
  }
  if (end > 0) await next.follow(0, end - 1, compareSome)
}
