/** The portal's files and pages, which portal/build.ts has made. */
export { openPortal, type Portal } from './portal.ts'
