// A chart of bars or a line, drawn here: what it says stands above it as a sentence, what each point says below it, read
// out by pointer and arrow keys; and the same as a table.
import { type KeyboardEvent, type PointerEvent, type ReactNode, useEffect, useId, useRef, useState } from 'react';
import { Link, useLocation } from 'wouter';
import { Button } from '../ui/button.tsx';
import { figure } from '../ui/figures.ts';
import rows from '../ui/rows.module.css';
import { Table } from '../ui/table.tsx';
import { words } from '../words.ts';
import styles from './plot.module.css';

/** `name`: when it is; `label`: the same at the axis; `text`: the value in words; `href`: the customers that it counts. */
export type Point = { key: string; name: string; label: string; value: number; text: string; href: string };

const HEIGHT = 200;
const LEFT = 52;
const RIGHT = 8;
const TOP = 8;
const BOTTOM = 22;
/** Keys that go through the points, with how far. */
const STEPS: Record<string, number> = {
  ArrowLeft: -1,
  ArrowRight: 1,
  ArrowDown: -1,
  ArrowUp: 1,
  PageDown: -7,
  PageUp: 7,
};

export function Plot({
  title,
  summary,
  points,
  kind,
  note,
}: {
  title: string;
  summary: string;
  points: Point[];
  kind: 'bars' | 'line';
  note?: ReactNode;
}) {
  const [chosen, setChosen] = useState<number>();
  const [table, setTable] = useState(false);
  const [, navigate] = useLocation();
  const place = useRef<HTMLDivElement>(null);
  const width = useWidth(place);
  const tableId = useId();
  const last = points.length - 1;
  const now = Math.min(chosen ?? last, last);
  const point = points[now];
  if (!point) return null;
  const step = (width - LEFT - RIGHT) / points.length;

  const indexAt = ({ clientX, currentTarget }: PointerEvent) =>
    clamp(Math.floor((clientX - currentTarget.getBoundingClientRect().left - LEFT) / step), last);

  function onKeyDown(event: KeyboardEvent) {
    const by = STEPS[event.key];
    if (by !== undefined) setChosen(clamp(now + by, last));
    else if (event.key === 'Home') setChosen(0);
    else if (event.key === 'End') setChosen(last);
    else if (event.key === 'Enter') navigate(point!.href);
    else return;
    event.preventDefault();
  }

  return (
    <figure className={styles.figure}>
      <figcaption className={styles.summary}>{summary}</figcaption>
      <div ref={place} className={styles.place}>
        <Drawing title={title} summary={summary} points={points} kind={kind} width={width} chosen={now} />
        <div
          role="slider"
          tabIndex={0}
          aria-label={words.dashboard.readout(title)}
          aria-valuemin={1}
          aria-valuemax={points.length}
          aria-valuenow={now + 1}
          aria-valuetext={words.dashboard.point(point.name, point.text)}
          className={styles.reader}
          onKeyDown={onKeyDown}
          onPointerMove={(event) => setChosen(indexAt(event))}
          onPointerDown={(event) => setChosen(indexAt(event))}
          onClick={() => matchMedia('(hover: hover)').matches && navigate(point.href)}
        />
      </div>
      <div className={styles.below}>
        <p className={styles.readout}>
          <strong>{point.name}</strong> {point.text}{' '}
          <Link href={point.href} aria-label={words.dashboard.showAt(point.name)}>
            {words.dashboard.show}
          </Link>
        </p>
        <Button look="quiet" aria-expanded={table} aria-controls={tableId} onClick={() => setTable(!table)}>
          {table ? words.dashboard.asChart : words.dashboard.asTable}
        </Button>
      </div>
      <div id={tableId} hidden={!table}>
        {table && <Twin title={title} points={points} />}
      </div>
      {note && <p className={styles.note}>{note}</p>}
    </figure>
  );
}

function Drawing({
  title,
  summary,
  points,
  kind,
  width,
  chosen,
}: {
  title: string;
  summary: string;
  points: Point[];
  kind: 'bars' | 'line';
  width: number;
  chosen: number;
}) {
  const { top, ticks } = scaleOf(Math.max(0, ...points.map(({ value }) => value)));
  const inner = HEIGHT - TOP - BOTTOM;
  const step = (width - LEFT - RIGHT) / points.length;
  const y = (value: number) => TOP + inner * (1 - value / top);
  const middle = (index: number) => LEFT + step * (index + 0.5);
  const gap = Math.min(3, step / 4);
  const every = Math.max(1, Math.ceil(points.length / Math.max(2, Math.floor(width / 90))));
  const line = points.map(({ value }, index) => `${index === 0 ? 'M' : 'L'}${middle(index)} ${y(value)}`).join('');
  const floor = y(0);
  return (
    <svg role="img" aria-label={`${title}. ${summary}`} width={width} height={HEIGHT} className={styles.drawing}>
      {ticks.map((tick) => (
        <g key={tick}>
          <line x1={LEFT} x2={width - RIGHT} y1={y(tick)} y2={y(tick)} className={styles.grid} />
          <text x={LEFT - 8} y={y(tick)} dy="0.32em" textAnchor="end" className={styles.tick}>
            {figure(tick)}
          </text>
        </g>
      ))}
      {points.map(({ key, label }, index) =>
        index % every === 0 ? (
          <text key={key} x={middle(index)} y={HEIGHT - 6} textAnchor="middle" className={styles.tick}>
            {label}
          </text>
        ) : null,
      )}
      <rect x={LEFT + step * chosen} y={TOP} width={step} height={inner} className={styles.chosen} />
      {kind === 'bars' ? (
        points.map(({ key, value }, index) => (
          <rect
            key={key}
            x={LEFT + step * index + gap / 2}
            y={value === 0 ? floor : Math.min(y(value), floor - 1)}
            width={Math.max(0.5, step - gap)}
            height={value === 0 ? 0 : Math.max(floor - y(value), 1)}
            rx={Math.min(2, step / 4)}
            className={styles.bar}
          />
        ))
      ) : (
        <>
          <path d={`${line}L${middle(points.length - 1)} ${floor}L${middle(0)} ${floor}Z`} className={styles.area} />
          <path d={line} className={styles.line} />
          <circle cx={middle(chosen)} cy={y(points[chosen]!.value)} r="4" className={styles.dot} />
        </>
      )}
    </svg>
  );
}

/** The same, for who would rather read it. */
function Twin({ title, points }: { title: string; points: Point[] }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: so that it can be scrolled by keyboard
    <section aria-label={title} tabIndex={0} className={styles.twin}>
      <Table heads={[words.dashboard.when, words.dashboard.count]} figures={[words.dashboard.count]}>
        {points.toReversed().map(({ key, name, value, href }) => (
          <tr key={key}>
            <td data-label={words.dashboard.when}>
              <Link href={href}>{name}</Link>
            </td>
            <td data-label={words.dashboard.count} className={rows.number}>
              {figure(value)}
            </td>
          </tr>
        ))}
      </Table>
    </section>
  );
}

const clamp = (index: number, last: number) => Math.max(0, Math.min(last, index));

/** Few round numbers from nothing to just above the highest value; customers are whole. */
function scaleOf(most: number): { top: number; ticks: number[] } {
  const rough = Math.max(most, 1) / 4;
  const size = 10 ** Math.floor(Math.log10(rough));
  const step = Math.max(1, [1, 2, 5, 10].find((times) => times * size >= rough)! * size);
  const count = Math.max(1, Math.ceil(most / step));
  return { top: count * step, ticks: Array.from({ length: count + 1 }, (_, index) => index * step) };
}

function useWidth(place: { current: HTMLDivElement | null }): number {
  const [width, setWidth] = useState(600);
  useEffect(() => {
    const watch = new ResizeObserver(([entry]) => setWidth(Math.max(200, Math.floor(entry!.contentRect.width))));
    watch.observe(place.current!);
    return () => watch.disconnect();
  }, [place]);
  return width;
}
