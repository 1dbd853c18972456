/** A secret as somebody may repeat it, the encoded forms before the plain one. */
export function secretForms(secret: string): string[] {
  const bytes = Buffer.from(secret);
  const base64 = bytes.toString('base64');
  const encoded = [base64, base64.replace(/=+$/, ''), bytes.toString('base64url'), bytes.toString('hex')];
  return [...new Set([...encoded, encodeURIComponent(secret), secret])];
}
