import { DefaultFailureConverter } from '@temporalio/common';

/**
 * Messages and stacks of failures travel as payloads, so that the payload codec encrypts them too. Temporal loads this
 * file by its path, in the sandbox as well as outside of it, and wants the export to have this name.
 */
export const failureConverter = new DefaultFailureConverter({ encodeCommonAttributes: true });
