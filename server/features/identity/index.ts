export { openAsk } from './ask.ts'
export { httpAuthProvider } from './http.ts'
export { uaaProvider } from './uaa.ts'
