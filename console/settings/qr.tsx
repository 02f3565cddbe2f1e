// A text as a QR code, drawn as one path. Black on white in the dark, too: not every camera reads it the other way round.
import { encode } from 'uqr';
import styles from './second-factor.module.css';

/** Dots around it, as ISO/IEC 18004 asks for. */
const QUIET = 4;

export function QrCode({ text, label }: { text: string; label: string }) {
  const { data, size } = encode(text, { ecc: 'M', border: QUIET });
  const dots = data.flatMap((row, y) => row.flatMap((isDark, x) => (isDark ? [`M${x} ${y}h1v1h-1z`] : [])));
  return (
    <svg
      role="img"
      aria-label={label}
      className={styles.qr}
      viewBox={`0 0 ${size} ${size}`}
      shapeRendering="crispEdges"
    >
      <rect width={size} height={size} className={styles.light} />
      <path d={dots.join('')} className={styles.dark} />
    </svg>
  );
}
