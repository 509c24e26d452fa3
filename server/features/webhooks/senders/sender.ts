import type { HookEvent } from '../events.ts'

/** What is posted. */
export type Message = { contentType: string; body: string }

/** What a target says of how its messages look. */
type Looks = { format: string; template: string | undefined; policyId: number }

/** A kind of target. */
export type Sender = {
  /** As `type` of a target. */
  type: string
  /** Harbor's name of its jobs. */
  vendor: string
  /** Payload formats to choose from, the first one when none is named; without any, naming one is an error. */
  formats: readonly string[]
  needsTemplate: boolean
  /** Must not fail whatever the event says. */
  render(event: HookEvent, looks: Looks): Message
}
