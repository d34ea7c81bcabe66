using System.Buffers;
using OpenTelemetry;
using OpenTelemetry.Metrics;

namespace EchoService.Diagnostics;

/// <summary>Collects when a scrape asks for it, and only then. Scrapes at the same time take turns.</summary>
internal sealed class PrometheusReader : BaseExportingMetricReader
{
    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly TextExporter _exporter;
    private int _lastSize = 32_768;

    public PrometheusReader()
        : this(new TextExporter())
    {
    }

    private PrometheusReader(TextExporter exporter)
        : base(exporter) => _exporter = exporter;

    /// <summary>Reads all instruments and returns them as text.</summary>
    /// <param name="openMetrics">OpenMetrics 1.0.0 rather than Prometheus text 0.0.4.</param>
    /// <param name="cancellationToken">Ends the wait for other scrapes.</param>
    /// <exception cref="InvalidOperationException">The metrics could not be collected: the process is on its way out.</exception>
    public async Task<ReadOnlyMemory<byte>> ScrapeAsync(bool openMetrics, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            var buffer = new ArrayBufferWriter<byte>(_lastSize + (_lastSize / 8));
            _exporter.Writer = new PrometheusTextWriter(buffer, openMetrics);
            if (!Collect())
            {
                throw new InvalidOperationException("The metrics could not be collected.");
            }

            _lastSize = buffer.WrittenCount;
            return buffer.WrittenMemory;
        }
        finally
        {
            _exporter.Writer = null;
            _turn.Release();
        }
    }

    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        if (disposing)
        {
            _turn.Dispose();
        }
    }

    private sealed class TextExporter : BaseExporter<Metric>
    {
        public PrometheusTextWriter? Writer { get; set; }

        public override ExportResult Export(in Batch<Metric> batch)
        {
            // Without a writer it is the collection at shutdown, which nobody waits for.
            Writer?.Write(in batch);
            return ExportResult.Success;
        }
    }
}
