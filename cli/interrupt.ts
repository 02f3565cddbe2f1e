// Ctrl-C in the middle of a long command.

/** The first signal asks for an end; a second one does not wait. One right behind the first is its echo by the launcher. */
export function stopOnSignals(): { signal: AbortSignal; abort(reason: unknown): void; done(): void } {
  const controller = new AbortController();
  let first = 0;
  const stop = () => {
    if (controller.signal.aborted && performance.now() - first > 1000) process.exit(130);
    first ||= performance.now();
    controller.abort();
  };
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, stop);
  return {
    signal: controller.signal,
    abort: (reason) => controller.abort(reason),
    done() {
      for (const name of ['SIGINT', 'SIGTERM'] as const) process.off(name, stop);
    },
  };
}
