import { OciError } from '../../../oci/errors.ts'
import { readOnlyText, type PushGate } from '../../registry/gate.ts'
import type { SettingsReader } from './settings.ts'

/** C-46 for pushes that began before the switch was turned: nothing is recorded after it. */
export function refuseWhileReadOnly(settings: SettingsReader): PushGate {
  return async () => {
    if (await settings.get('read_only')) throw new OciError('DENIED', readOnlyText)
  }
}
