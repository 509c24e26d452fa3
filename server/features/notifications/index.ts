export { sweepEvents } from './actions.ts'
export { openNotificationDoor } from './door.ts'
