// Traces, for those who run an OpenTelemetry collector: a span for each request, one for each of its statements, and one
// for each batch of writes. A span holds patterns, names and numbers: never a path, a value or who asked. The packages
// that make and send spans are loaded where a collector is configured, and nowhere else.
import type { Context, Span as OtelSpan, SpanContext, SpanOptions } from '@opentelemetry/api';
import type { SpanExporter } from '@opentelemetry/sdk-trace';
import type { Logger } from 'pino';
import type { Config } from './config.ts';
import { loggable } from './replies.ts';
import type { Span } from './request-context.ts';

export type Tracing = {
  /**
   * Begins the span of a request, within the caller's trace where there is a `traceparent` (W3C Trace Context).
   * undefined: this one is not traced, as the caller or the sampling will have it.
   */
  begin(method: string, route: string | undefined, traceparent: unknown): Span | undefined;
  /** Sends what is left; takes `tracing.timeout_ms` at most. */
  close(): Promise<void>;
};

/** Spans that wait to be sent at most; what comes on top is lost. They take a kilobyte or two each. */
const WAITING_MOST = 2048;

/** null where no collector is configured. */
export async function openTracing(
  { endpoint, traces_endpoint, service_name, sample_ratio, timeout_ms }: Config['tracing'],
  version: string,
  logger: Pick<Logger, 'warn' | 'info'>,
): Promise<Tracing | null> {
  const url = traces_endpoint ?? (endpoint && `${endpoint.replace(/\/$/, '')}/v1/traces`);
  if (url === undefined) return null;
  const [api, core, sdk, resources, { OTLPTraceExporter }] = await Promise.all([
    import('@opentelemetry/api'),
    import('@opentelemetry/core'),
    import('@opentelemetry/sdk-trace'),
    import('@opentelemetry/resources'),
    import('@opentelemetry/exporter-trace-otlp-proto'),
  ]);
  const { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace, TraceFlags } = api;
  const exporter = warning(new OTLPTraceExporter({ url, timeoutMillis: timeout_ms }), logger);
  const provider = new sdk.TracerProvider({
    resource: resources
      .detectResources({ detectors: [resources.resourceAttributesEnvDetector] })
      .merge(resources.resourceFromAttributes({ 'service.name': service_name, 'service.version': version })),
    // A caller that is traced, or is not on purpose, is followed in that.
    sampler: new sdk.ParentBasedSampler({ root: new sdk.TraceIdRatioBasedSampler(sample_ratio) }),
    spanProcessors: [
      new sdk.BatchSpanProcessor({ exporter, maxQueueSize: WAITING_MOST, exportTimeoutMillis: timeout_ms }),
    ],
  });
  const tracer = provider.getTracer('clientele', version);

  function callerOf(traceparent: unknown): Context {
    const caller = typeof traceparent === 'string' ? core.parseTraceParent(traceparent) : null;
    return caller ? trace.setSpanContext(ROOT_CONTEXT, { ...caller, isRemote: true }) : ROOT_CONTEXT;
  }

  function open(name: string, options: SpanOptions, parent: Context): Span | undefined {
    // Milliseconds of the clock on the wall that run as evenly as those of `performance`: one reading for a request and
    // all within it, so that nothing seems to have begun before what it is part of.
    const offset = Date.now() - performance.now();
    const span = tracer.startSpan(name, { ...options, startTime: offset + performance.now() }, parent);
    return span.spanContext().traceFlags & TraceFlags.SAMPLED ? spanOf(span, offset) : undefined;
  }

  function spanOf(span: OtelSpan, offset: number): Span {
    const within = trace.setSpan(ROOT_CONTEXT, span);
    const now = () => offset + performance.now();
    return {
      ids: span.spanContext(),
      link: (ids) => void span.addLink({ context: ids }),
      onStatement(kind, ms, error) {
        const ended = now();
        const attributes = { 'db.system.name': 'postgresql', 'db.query.summary': kind };
        const child = tracer.startSpan(kind, { kind: SpanKind.CLIENT, startTime: ended - ms, attributes }, within);
        if (error) {
          // The message may quote what somebody typed; the code cannot.
          const { name, code } = error as { name: string; code?: string };
          child.setAttribute('error.type', code ?? name).setStatus({ code: SpanStatusCode.ERROR });
        }
        child.end(ended);
      },
      beginBatch(others) {
        const links = others.map(({ ids }) => ({ context: ids as SpanContext }));
        const batch = spanOf(tracer.startSpan('write batch', { startTime: now(), links }, within), offset);
        for (const other of others) other.link(batch.ids);
        return batch;
      },
      end(failed, status) {
        if (status !== undefined) span.setAttribute('http.response.status_code', status);
        if (failed) span.setStatus({ code: SpanStatusCode.ERROR });
        if (failed && status !== undefined) span.setAttribute('error.type', String(status));
        span.end(now());
      },
    };
  }

  return {
    begin(method, route, traceparent) {
      const attributes = { 'http.request.method': method, 'http.route': route };
      const name = route === undefined ? method : `${method} ${route}`;
      return open(name, { kind: SpanKind.SERVER, attributes }, callerOf(traceparent));
    },
    async close() {
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, timeout_ms);
      });
      await Promise.race([provider.shutdown().catch(() => {}), late]);
      clearTimeout(timer);
    },
  };
}

/** Says once that the collector does not take what it is sent, and once that it does again. */
function warning(exporter: SpanExporter, logger: Pick<Logger, 'warn' | 'info'>): SpanExporter {
  let failing = false;
  return {
    export(spans, done) {
      exporter.export(spans, (result) => {
        const failed = result.code !== 0;
        if (failed && !failing)
          logger.warn({ err: result.error && loggable(result.error) }, 'The collector does not take traces');
        if (!failed && failing) logger.info('The collector takes traces again');
        failing = failed;
        done({ code: 0 }); // it has been told; the SDK would only tell it again
      });
    },
    shutdown: () => exporter.shutdown(),
  };
}
