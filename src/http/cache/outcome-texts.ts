/** What a client is told of a key's read or write that came to nothing. */

export function tooLongText(length: number): string {
  return `A string of ${length} bytes is answered as application/octet-stream only`;
}

export function unmetText(condition: 'NX' | 'XX' | ''): string {
  return condition === 'NX' ? 'The key exists already' : 'The key does not exist';
}
