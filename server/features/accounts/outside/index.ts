export { confirmAccount } from './confirm.ts'
export { endGone, sweepTokensOfGone } from './gone.ts'
export { openOriginSecrets, type OriginSecrets } from './origin-secrets.ts'
export { findOriginOf } from './store.ts'
export { inTime, NoAnswer } from './in-time.ts'
export { authModeProblem, openOutside, type LoginOutcome, type Outside } from './outside.ts'
export {
  providerOfMode,
  type Origin,
  type OutsideProvider,
  type ProviderName,
  type Vouched,
  type VouchedGroup,
} from './provider.ts'
