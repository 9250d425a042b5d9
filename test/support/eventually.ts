/** Repeats `attempt` until it does not throw; after `timeout` milliseconds (long, since a machine may be slow) it throws what the last attempt threw. */
export async function eventually<T>(attempt: () => T | Promise<T>, timeout = 45_000): Promise<T> {
  const end = Date.now() + timeout;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (Date.now() > end) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}
