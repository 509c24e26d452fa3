import { DownloadLost } from './following.ts'
import type { Flow } from './types.ts'

/**
 * A reader of a download that goes on with the one which takes it over when the process that began it is lost: where
 * that one has taken over all bytes that the reader got, so that their digest is found out. `joined`: the download that
 * is under way now; undefined when the blob is here.
 */
export function followOn(first: Flow, joined: () => Promise<Flow | undefined>) {
  let release = first.hold()
  let isReleased = false

  async function follow(start: number, end: number, send: (bytes: Buffer) => Promise<void>): Promise<void> {
    let at = start
    const counting = async (bytes: Buffer) => {
      await send(bytes)
      at += bytes.length
    }
    for (let flow = first; ;) {
      try {
        return await flow.follow(at, end, counting)
      } catch (error) {
        if (!(error instanceof DownloadLost) || isReleased) throw error
        await flow.over
        const next = await joined()
        if (!next || next.from < at || isReleased) throw error
        release()
        release = next.hold()
        flow = next
      }
    }
  }

  return {
    follow,
    release() {
      isReleased = true
      release()
    },
  }
}
