/** What `POST /images/prune` takes. */
export const imagePruneFilterKeys: readonly string[] = ["dangling", "label", "label!", "until"];
