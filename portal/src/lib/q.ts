/** Conditions of the API's `q`. Its own signs cannot stand in a value; no name that it looks for has them. */
const plain = (text: string): string => text.replaceAll(/[,(){}[\]]/g, '').trim()

/** `field=~text`: rows whose field contains the text. */
export const likeQ = (field: string, text: string): string => `${field}=~${plain(text)}`

/** `field=text`: rows whose field is the text. */
export const isQ = (field: string, text: string): string => `${field}=${plain(text)}`
