import { OciError } from '../../../oci/errors.ts'
import { readOnlyText, type PushGate } from '../../registry/gate.ts'
import type { SettingsReader } from './settings.ts'

/** Refuses pushes that began before read-only mode was switched on and would be recorded after it (C-46). */
export function refuseWhileReadOnly(settings: SettingsReader): PushGate {
  return async () => {
    if (await settings.get('read_only')) throw new OciError('DENIED', readOnlyText)
  }
}
