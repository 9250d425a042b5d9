/**
 * Waits for both to end, then throws the first error there was. Unlike `Promise.all` it never leaves work running that an undo would
 * race with.
 */
export async function both<A, B>(first: Promise<A>, second: Promise<B>): Promise<[A, B]> {
  await Promise.allSettled([first, second]);
  return [await first, await second];
}
