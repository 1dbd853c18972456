/** Where Temporal's own UI shows the run of a job, given where it shows our namespace; nothing when it is not known or not a web address. */
export function temporalHref(
  temporalUiUrl: string | null | undefined,
  { organizationId, jobId }: { readonly organizationId: string; readonly jobId: string },
): string | undefined {
  if (!temporalUiUrl || !URL.canParse(temporalUiUrl)) return undefined;
  const { protocol } = new URL(temporalUiUrl);
  if (protocol !== 'http:' && protocol !== 'https:') return undefined;
  const base = temporalUiUrl.replace(/\/+$/, '');
  return `${base}/workflows/${encodeURIComponent(`orchestration-${jobId}-${organizationId}`)}`;
}
