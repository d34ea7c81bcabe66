using System.Diagnostics.Metrics;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;

namespace EchoService.Diagnostics;

/// <summary>
/// Aggregates the service's meters and the platform's with the OpenTelemetry SDK: for scrapes always, and for OTLP
/// push when <c>OTEL_EXPORTER_OTLP_ENDPOINT</c> is set.
/// </summary>
/// <remarks>A hosted service so that it listens to the meters before the first client or request comes.</remarks>
internal sealed class MetricsExport : IHostedService, IDisposable
{
    private const string OtlpEndpoint = "OTEL_EXPORTER_OTLP_ENDPOINT";

    private static readonly string[] Meters =
        [EchoMetrics.MeterName, "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel", "System.Runtime"];

    private readonly MeterProvider _provider;

    // The instruments are a parameter so that they are made: nothing else asks for them.
    public MetricsExport(PrometheusReader reader, EchoInstruments instruments, IMeterFactory meters, IConfiguration configuration)
    {
        _ = instruments;
        var builder = Sdk.CreateMeterProviderBuilder()
            // The standard OTEL_* settings, from wherever configuration comes from and not from the environment alone.
            .ConfigureServices(services => services.AddSingleton(configuration))
            .ConfigureResource(resource => resource.AddService("echoservice", serviceVersion: BuildInfo.Version, serviceInstanceId: Environment.MachineName))
            .AddMeter(Meters)
            // A meter of another service in this process has the same name but comes from another factory.
            .AddView(instrument => instrument.Meter.Scope is null || ReferenceEquals(instrument.Meter.Scope, meters) ? null : MetricStreamConfiguration.Drop)
            .AddReader(reader);
        if (!string.IsNullOrEmpty(configuration[OtlpEndpoint]))
        {
            builder.AddOtlpExporter();
        }

        _provider = builder.Build();
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Pushes the final figures, where they are pushed at all, and stops.</summary>
    public void Dispose() => _provider.Dispose();
}
