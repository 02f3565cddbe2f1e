export type Bell = { ring(): void; rung(): Promise<void> };

/** What one waits for and others ring: a ring while nobody waits is not lost. */
export function openBell(): Bell {
  let isRung = false;
  let wake = () => {};
  return {
    ring() {
      isRung = true;
      wake();
    },
    async rung(): Promise<void> {
      if (!isRung)
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      isRung = false;
    },
  };
}
