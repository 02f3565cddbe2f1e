// What a look at the installation finds, for `clientele doctor`: slices look at what is their own.

export type Finding = {
  /** What was looked at: a stable word, see docs/doctor.md. */
  check: string;
  /** `wrong` makes the whole of it fail; `advice` is something to think about. */
  status: 'ok' | 'advice' | 'wrong';
  /** The slug of the workspace that it is about. */
  workspace?: string;
  /** What is so, and what to do about it. Never what customers entered. */
  message: string;
  /** What is wrong, for programs: by customer and position. */
  customer_id?: string;
  position?: number;
};

/** Hears of each finding as it is made. */
export type Report = (finding: Finding) => void;

export type Look = {
  report: Report;
  /** Milliseconds after which what looked wrong is looked at again: by then what was under way is done. */
  again_ms: number;
};

/** After so many things that look wrong, a check looks no further. */
export const SUSPECTS_MOST = 1000;

/** Faults of one check that are told one by one; of more only the number is. */
const TOLD_MOST = 10;

/** Of a check: tells the first faults one by one, and at its end that all is well, or how many there were. */
export function openFindings(check: string, workspace: string, report: Report) {
  let wrong = 0;
  return {
    tell(message: string, about: Pick<Finding, 'customer_id' | 'position'> = {}): void {
      if (++wrong <= TOLD_MOST) report({ check, status: 'wrong', workspace, message, ...about });
    },
    end(message: string, about: Pick<Finding, 'position'> = {}): void {
      if (wrong === 0) report({ check, status: 'ok', workspace, message, ...about });
      if (wrong > TOLD_MOST) {
        const sum = `${counted(wrong, 'fault')} of this kind in workspace ${workspace} in all.`;
        report({ check, status: 'wrong', workspace, message: sum });
      }
    },
  };
}

/** "1 event", "1,234 events". */
export const counted = (count: number, noun: string) =>
  `${count.toLocaleString('en')} ${noun}${count === 1 ? '' : 's'}`;
