import type { Dispatcher } from '../platform/events/dispatcher.ts'
import { openForwarder } from '../platform/observe/forward.ts'
import { addressRule } from '../platform/outbound/addresses.ts'
import { openOutbound, type Outbound } from '../platform/outbound/outbound.ts'
import { openOtherSide, outboundOptions } from './endpoints.ts'
import { openFeatures, type AnyFeature, type House } from './features.ts'
import type { Ground } from './ground.ts'
import type { Seat } from './processes/seat.ts'
import { openFloor, type Floor } from './registry.ts'

/** The parts of a process before it serves requests or runs jobs. */
export type Built = {
  floor: Floor
  features: AnyFeature[]
  topics: House['topics']
  components: House['components']
  /** Sets what exists only in a process that serves. */
  serving(lent: { dispatcher: Dispatcher }): void
  /** From now on the health check says that the process is ending. Ends answers that would last for ever. */
  drain(): Promise<void>
}

/** Builds the registry on the ground, and all features on both. What must be closed later is given to `opened`. */
export function openHouse(
  ground: Ground,
  opened: AsyncDisposableStack,
  { authority, siblings, isLead = true }: { authority?: Buffer | undefined } & Partial<Seat> = {},
): Built {
  const { config, log } = ground
  let dispatcher: Dispatcher | undefined
  let isDraining = false
  const house: House = {
    topics: new Map(),
    jobs: [],
    components: [],
    dispatcher: () => dispatcher!,
    isDraining: () => isDraining,
    ...(isLead || !siblings ? {} : { statesOfLead: siblings.statesOfLead }),
  }
  if (siblings) house.components.push(siblings.component)
  const outbound = openCalls(ground, opened)
  const otherSide = openOtherSide(ground, outbound, opened)
  const floor = openFloor(ground, house.topics, opened, { otherSide, outbound })
  house.components.push(floor.notes)
  const forwarder = opened.use(
    openForwarder({
      isOpen: addressRule(config.outbound.allow),
      ca: authority?.toString(),
      wanted: () => floor.settings.get('audit_log_forward_endpoint'),
      onChange: (state, about) =>
        state === 'well'
          ? log.info(about, 'the audit log is sent on again')
          : log.warn(about, 'the audit log cannot be sent on'),
    }),
  )
  house.components.push(forwarder.component)
  const features = openFeatures({ ground, floor, house, outbound, otherSide, forwarder, authority })
  return {
    floor,
    features,
    topics: house.topics,
    components: house.components,
    serving(lent) {
      ;({ dispatcher } = lent)
      if (isLead) house.components.push(dispatcher.component)
    },
    drain: () => {
      isDraining = true
      return drainAll(features)
    },
  }
}

/** The guard of all calls to the outside. */
function openCalls({ config }: Ground, opened: AsyncDisposableStack): Outbound {
  const outbound = openOutbound(outboundOptions(config))
  opened.defer(() => outbound.close())
  return outbound
}

async function drainAll(features: AnyFeature[]): Promise<void> {
  await Promise.all(features.flatMap((one) => (one.drain ? [one.drain()] : [])))
}
