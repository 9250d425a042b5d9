/** True when the promise settles within `ms`, however it does. */
export async function settlesWithin(promise: Promise<unknown>, ms: number): Promise<boolean> {
  const late = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => late.resolve(false), ms);
  try {
    const settled = promise.then(
      () => true,
      () => true,
    );
    return await Promise.race([settled, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
