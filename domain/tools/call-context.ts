/** Where a turn stands that wants tools called: all that decides about its calls. */
export interface CallContext {
  readonly organizationId: string;
  readonly orchestrationId: string;
  readonly step: string;
  readonly turnKey: string;
  /** Text that nobody vouches for has been part of the step already. */
  readonly stepTainted: boolean;
  /** The step was told what other steps have answered. */
  readonly buildsOnOthers: boolean;
  /** Earlier orchestrations whose words the step was told. */
  readonly conversation: readonly string[];
  /** Of a step that a plan made for one tool. */
  readonly plannedTool: { readonly name: string; readonly revision: number } | undefined;
}
