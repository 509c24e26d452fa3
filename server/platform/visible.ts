/** Control, format and line characters: a name that holds one looks like another name, or turns the text around it. */
const unseen = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u

/** Whether each character of a name can be seen. */
export const isVisible = (text: string): boolean => !unseen.test(text)
